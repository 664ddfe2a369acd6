"""Settings: read once, refused when wrong, all documented."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rag.config import is_local_url, known_keys, load_settings
from rag.errors import ConfigError
from rag.policy.labels import Label, Rule
from rag.policy.route import Mode
from rag.records import Zone


def test_defaults_are_by_label_and_send_nothing_above_public(home: Path) -> None:
    settings = load_settings()
    assert settings.home == home
    assert settings.mode is Mode.BY_LABEL
    assert settings.prefer is Zone.CLOUD
    assert settings.cloud.enabled is None
    assert settings.rules.by_label() == {
        Label.PUBLIC: Rule.CLOUD,
        Label.INTERNAL: Rule.MASKED,
        Label.CONFIDENTIAL: Rule.LOCAL,
        Label.RESTRICTED: Rule.LOCAL,
    }


def test_the_environment_wins_over_the_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "airlock.toml").write_text('mode = "cloud"\n[server]\nport = 1234\nhost = "::1"\n', encoding="utf-8")
    monkeypatch.setenv("AIRLOCK_SERVER__PORT", "4321")
    settings = load_settings()
    assert (settings.mode, settings.server.port, settings.server.host) == (Mode.CLOUD, 4321, "::1")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('mode = "open"', "mode: Input should be 'local-only', 'by-label' or 'cloud'"),
        ("colour = 1", "colour: no such setting; allowed here: confirm_cloud, "),
        ("[server]\nprot = 1", "server.prot: no such setting; allowed here: allowed_hosts, host, "),
        ("[server]\nport = 70000", "server.port: "),
        ('[rules]\npublic = "local"', "rules: a higher label may not have a looser rule"),
        (
            '[local]\nollama_url = "http://10.0.0.5:11434"',
            "local.ollama_url: the host of this address is not this machine",
        ),
        ('confirm_cloud = "maybe"', "confirm_cloud: "),
        ("mode = ", "cannot be read as TOML"),
    ],
)
def test_a_wrong_file_refuses_to_start_and_names_the_key(home: Path, text: str, said: str) -> None:
    (home / "airlock.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert said in str(caught.value)


def test_a_misspelt_variable_refuses_to_start(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRLOCK_MOED", "local-only")
    with pytest.raises(ConfigError, match="AIRLOCK_MOED: no such setting"):
        load_settings()


def test_a_named_file_that_is_missing_refuses_to_start(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRLOCK_CONFIG", str(home / "none.toml"))
    with pytest.raises(ConfigError, match="AIRLOCK_CONFIG: there is no file"):
        load_settings()


def test_a_file_in_the_current_folder_that_others_can_write_is_refused(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "airlock.toml").write_text('mode = "cloud"', encoding="utf-8")
    assert load_settings().mode is Mode.CLOUD
    os.chmod(tmp_path / "airlock.toml", 0o666)
    with pytest.raises(ConfigError, match="another user may have written it"):
        load_settings()


def test_every_setting_is_described() -> None:
    assert len(known_keys()) > 30
    assert [key for key, description in known_keys().items() if not description] == []


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:11434", "http://127.8.8.8", "http://[::1]:8080/v1", "https://127.0.0.1/v1", "http://gpu.lan:1"],
)
def test_a_loopback_literal_or_a_trusted_host_is_local(url: str) -> None:
    assert is_local_url(url, ("gpu.lan",))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1.evil.example/",
        "http://localhost:11434",
        "http://0.0.0.0:11434",
        "http://10.0.0.1",
        "http://127.0.0.1@evil.example/",
        "http://user:pw@127.0.0.1/",
        "http://0x7f000001/",
        "http://2130706433/",
        "http://[::ffff:10.0.0.1]/",
        "http://[::]/",
        "ftp://127.0.0.1/",
        "127.0.0.1:11434",
        "http://",
        "http://[::1",
        "http://127.0.0.1:99999/",
        "",
    ],
)
def test_anything_else_is_not(url: str) -> None:
    assert not is_local_url(url)
