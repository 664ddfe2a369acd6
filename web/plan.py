"""`python -m web.plan`: the few settings the launcher needs, as one line of JSON.

Runs in a scrubbed environment and sees no key. The launcher itself imports no library to read settings with.
"""

from __future__ import annotations

import json
import sys

from rag.config import Settings, load_settings
from rag.errors import ConfigError
from rag.gate.catalogue import find_provider, key_variable


def make_plan(settings: Settings) -> dict[str, object]:
    """What the launcher has to know. `targets` are the local servers' addresses by door name.

    Raises:
        ConfigError: the cloud provider is not known.
    """
    provider = find_provider(settings.cloud.provider)
    targets = {"ollama": settings.local.ollama_url, "openai": settings.local.openai_url}
    return {
        "home": str(settings.home),
        "mode": settings.mode.value,
        "strict": settings.strict,
        "host": settings.server.host,
        "port": settings.server.port,
        "password_set": bool(settings.server.password.get_secret_value()),
        "cloud_enabled": settings.cloud.enabled,
        "provider": settings.cloud.provider,
        "base_url": settings.cloud.base_url,
        "key_variable": key_variable(settings.cloud),
        "key_elsewhere": settings.cloud.key_file is not None or settings.cloud.keyring,
        "provider_title": provider.title,
        "provider_host": provider.host,
        "address_variable": provider.address_variable,
        "targets": {name: url for name, url in targets.items() if url},
        "trusted": list(settings.trusted_local_hosts),
    }


def main() -> int:
    """Print the plan, or the one line of what is wrong."""
    try:
        print(json.dumps(make_plan(load_settings())))
    except ConfigError as error:
        print(f"airlock: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
