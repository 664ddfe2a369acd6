"""Where the gate's key comes from: a file, the system's keyring, or the environment. Never printed, never stored."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from rag.config import Cloud
from rag.errors import ConfigError
from rag.gate.catalogue import key_variable

KEYRING_SERVICE = "airlock"
_LONGEST = 64 * 1024


def read_key(cloud: Cloud, environment: Mapping[str, str]) -> SecretStr:
    """The provider's key: from `cloud.key_file`, from the keyring under `cloud.keyring`, else from the environment.

    Empty where the environment has none.

    Raises:
        ConfigError: the file or the keyring was named and cannot give one; says what to do.
    """
    if cloud.key_file is not None:
        return SecretStr(_read_file(cloud.key_file.expanduser()))
    if cloud.keyring:
        return SecretStr(_read_keyring(cloud.provider))
    return SecretStr(environment.get(key_variable(cloud), ""))


def _read_file(path: Path) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        raise ConfigError(f"cloud.key_file: {path} cannot be opened ({error.strerror})") from error
    try:
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode):
            raise ConfigError(f"cloud.key_file: {path} is not a regular file")
        if sys.platform != "win32" and (info.st_mode & 0o077 or info.st_uid != os.getuid()):
            raise ConfigError(f"cloud.key_file: others may read {path}; run chmod 600 {path}")
        key = os.read(descriptor, _LONGEST).decode("utf-8", "replace").strip()
    finally:
        os.close(descriptor)
    if not key or any(one.isspace() for one in key):
        raise ConfigError(f"cloud.key_file: {path} must hold the key and nothing else")
    return key


def _read_keyring(provider: str) -> str:
    try:
        import keyring
        import keyring.errors
    except ImportError as error:
        raise ConfigError("cloud.keyring: install it with pip install 'airlock-rag[keyring]'") from error
    try:
        key = keyring.get_password(KEYRING_SERVICE, provider)
    except keyring.errors.KeyringError as error:
        raise ConfigError(f"cloud.keyring: the keyring does not answer ({type(error).__name__})") from error
    if not isinstance(key, str) or not key:
        raise ConfigError(f"cloud.keyring: it holds no key; store it with: keyring set {KEYRING_SERVICE} {provider}")
    return key
