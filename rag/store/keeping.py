"""The folder outside the store that holds the receipts' key and the last known heads. Never holds a receipt.

Whoever edits, restores or copies `store.db` does not thereby hold the key, and deleting the store leaves both
here. The key is made once and never replaced.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

import platformdirs

from rag.errors import ConfigError, NotFound
from rag.store.chain import KEY_BYTES, Head, parse_head

KEY_FILE = "receipts.key"
SETTING = "receipts_folder"


def usual_folder() -> Path:
    """Where the key lies unless the setting says otherwise.

    Its own folder beside the other programs' configuration: on macOS and Windows the folders for an
    application's configuration and for its data, where the store is, are one and the same.
    """
    return Path(platformdirs.user_config_dir("airlock-receipts", appauthor=False))


class Keeping:
    """The key and the heads in one folder, which is made, for the owner alone, when the key is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._key: bytes | None = None

    @property
    def key_file(self) -> Path:
        """Where the key is, or will be."""
        return self.folder / KEY_FILE

    def key(self, *, create: bool) -> bytes:
        """The key, `KEY_BYTES` long; read once.

        Raises:
            ConfigError: the folder cannot be written, or the file is no key.
            NotFound: there is none and it was not to be made.
        """
        if self._key is None:
            if create:
                self._make_key()
            self._key = self._read_key()
        return self._key

    def head_file(self, store_id: str) -> Path:
        """Where the last known head of a store is."""
        return self.folder / f"{store_id}.head"

    def read_head(self, store_id: str) -> Head | None:
        """The last head noted for a store; None when none was, or when the file is no head."""
        try:
            return parse_head(self.head_file(store_id).read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None

    def write_head(self, store_id: str, head: Head) -> None:
        """Note a head, whole or not at all.

        Raises:
            OSError: the folder cannot be written.
        """
        fresh = self._write_aside(f"{head}\n")
        os.replace(fresh, self.head_file(store_id))

    def _make_key(self) -> None:
        if self.key_file.exists():
            return
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh = self._write_aside(secrets.token_bytes(KEY_BYTES).hex() + "\n")
            try:
                with suppress(FileExistsError):  # another process was first: its key is the key
                    os.link(fresh, self.key_file)
            finally:
                fresh.unlink()
        except OSError as error:
            raise ConfigError(
                f"{SETTING}: the key of the sending records cannot be kept in {self.folder} "
                f"({error.strerror}); name a folder outside AIRLOCK_HOME that can be written"
            ) from error

    def _read_key(self) -> bytes:
        try:
            text = self.key_file.read_text(encoding="ascii")
            key = bytes.fromhex(text)
            if os.name == "posix" and self.key_file.stat().st_mode & 0o077:
                self.key_file.chmod(0o600)
        except FileNotFoundError as error:
            raise NotFound(f"the key of the sending records is not in {self.folder}") from error
        except (OSError, ValueError) as error:
            raise ConfigError(f"{SETTING}: {self.key_file} cannot be read as a key ({type(error).__name__})") from error
        if len(key) != KEY_BYTES:
            raise ConfigError(f"{SETTING}: {self.key_file} is no key of {KEY_BYTES} bytes")
        return key

    def _write_aside(self, text: str) -> Path:
        """A new file of this folder with `text`, for the owner alone, on the disk."""
        path = self.folder / f".{secrets.token_hex(8)}"
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        try:
            os.write(descriptor, text.encode("ascii"))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return path
