"""`python -m web` and the command `airlock`: hands over to the launcher. Needs only the standard library."""

from __future__ import annotations

import os
import sys

from web.launch import launch


def main() -> int:
    """Run the command line's command; returns its exit code."""
    return launch(sys.argv[1:], os.environ)  # noqa: TID251  the launcher alone sees the original environment


if __name__ == "__main__":
    sys.exit(main())
