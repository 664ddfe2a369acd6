"""The folder that AIRLOCK_TEST_CACHE names, where slow preparations are kept between runs of the tests.

Taken out of the environment: Airlock itself refuses a variable of its own that is no setting.
"""

from __future__ import annotations

import os
from pathlib import Path

_named = os.environ.pop("AIRLOCK_TEST_CACHE", "")
CACHE: Path | None = Path(_named) if _named else None
