"""Where a key may come from, and that a place which others can read is refused."""

from __future__ import annotations

import os
from pathlib import Path

import keyring
import keyring.backend
import keyring.errors
import pytest

from rag.config import Cloud
from rag.errors import ConfigError
from rag.gate.secrets import read_key


def test_the_environment_gives_the_providers_own_variable() -> None:
    environment = {"OPENAI_API_KEY": "o", "ANTHROPIC_API_KEY": "a"}
    assert read_key(Cloud(), environment).get_secret_value() == "o"
    assert read_key(Cloud(provider="anthropic"), environment).get_secret_value() == "a"
    assert read_key(Cloud(), {}).get_secret_value() == ""


def test_a_private_file_gives_the_key_without_its_line_end(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("sk-from-file\n")
    path.chmod(0o600)
    key = read_key(Cloud(key_file=path), {"OPENAI_API_KEY": "not this one"})
    assert key.get_secret_value() == "sk-from-file"
    assert "sk-from-file" not in repr(key)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777])
def test_a_file_that_others_may_read_is_refused_with_what_to_run(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key"
    path.write_text("sk-secret")
    path.chmod(mode)
    with pytest.raises(ConfigError, match="chmod 600") as caught:
        read_key(Cloud(key_file=path), {})
    assert "sk-secret" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "\n", "two words", "sk-a\nsk-b"])
def test_a_file_that_holds_no_single_key_is_refused_without_its_text(tmp_path: Path, text: str) -> None:
    path = tmp_path / "key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="the key and nothing else") as caught:
        read_key(Cloud(key_file=path), {})
    assert "sk-a" not in str(caught.value)


def test_what_is_no_file_is_refused_and_does_not_block(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be opened"):
        read_key(Cloud(key_file=tmp_path / "none"), {})
    with pytest.raises(ConfigError, match=r"cannot be opened|not a regular file"):
        read_key(Cloud(key_file=tmp_path), {})
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    with pytest.raises(ConfigError, match="not a regular file"):
        read_key(Cloud(key_file=pipe), {})


class Drawer(keyring.backend.KeyringBackend):
    """A keyring in memory."""

    priority = 1  # type: ignore[assignment]

    def __init__(self, held: dict[tuple[str, str], str], broken: bool = False) -> None:
        self.held, self.broken = held, broken

    def get_password(self, service: str, username: str) -> str | None:
        if self.broken:
            raise keyring.errors.KeyringLocked("locked")
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password


def test_the_keyring_gives_the_providers_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring.core, "_keyring_backend", Drawer({("airlock", "anthropic"): "sk-ring"}))
    assert read_key(Cloud(provider="anthropic", keyring=True), {}).get_secret_value() == "sk-ring"
    with pytest.raises(ConfigError, match="keyring set airlock openai"):
        read_key(Cloud(keyring=True), {})
    monkeypatch.setattr(keyring.core, "_keyring_backend", Drawer({}, broken=True))
    with pytest.raises(ConfigError, match="does not answer"):
        read_key(Cloud(keyring=True), {})
