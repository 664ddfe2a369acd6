"""Every provider behaves alike, in front of a server that is not ours; and the catalogue says what to do."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from rag.config import Cloud
from rag.errors import ConfigError, EgressRefused
from rag.gate.catalogue import PROVIDERS, find_provider, key_variable
from rag.gate.providers import CloudModel
from rag.records import Prompt
from tests.fakes.cloud_server import CloudServer, Scenario
from tests.fakes.providers import BEHAVIOURS, KEY, PAGE, ask, model_of


@pytest.mark.real
@pytest.mark.parametrize("behaviour", BEHAVIOURS)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_provider_behaves_as_the_contract_says(provider: str, behaviour: str, aimock_url: str) -> None:
    BEHAVIOURS[behaviour](provider, aimock_url)


def test_the_page_shows_every_provider_and_every_behaviour_as_kept() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ") and " (`" in line]
    shown = {line.split("`")[1]: line.count("✓") for line in rows}
    assert shown == dict.fromkeys(PROVIDERS, len(BEHAVIOURS))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_no_provider_follows_a_redirect(provider: str, own_cloud: CloudServer) -> None:
    with CloudServer() as other:
        own_cloud.moved_to = f"{other.url}/elsewhere"

        async def run() -> None:
            model = model_of(provider, own_cloud.url)
            try:
                async for _ in model.stream(Prompt("away", ())):
                    pass
            finally:
                await model.close()

        with pytest.raises(EgressRefused):
            asyncio.run(run())
        assert (len(own_cloud.calls), other.calls) == (1, [])


@pytest.mark.parametrize("provider", PROVIDERS)
def test_no_provider_tells_about_this_machine_or_sends_twice(provider: str, own_cloud: CloudServer) -> None:
    own_cloud.scenarios["broken"] = Scenario(status=500)
    ask(provider, own_cloud.url, "broken")
    assert own_cloud.received.count(b"POST ") == 1
    headers = own_cloud.calls[0].headers
    assert not [name for name in headers if name.startswith("x-stainless") or name == "x-goog-api-client"]
    assert headers["user-agent"] == "airlock"
    assert KEY in str(headers)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_no_provider_believes_a_proxy(provider: str, own_cloud: CloudServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with CloudServer() as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        own_cloud.scenarios["broken"] = Scenario(status=500)
        ask(provider, own_cloud.url, "broken")
        assert proxy.calls == []
        assert len(own_cloud.calls) == 1


def test_a_provider_without_a_common_address_asks_for_yours() -> None:
    for name, provider in PROVIDERS.items():
        if not provider.url:
            with pytest.raises(ConfigError, match="set yours, such as https://") as caught:
                CloudModel(Cloud(provider=name), SecretStr("k"))
            assert provider.title in str(caught.value)


def test_a_missing_package_says_the_exact_install_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(ConfigError, match=r"pip install 'airlock-rag\[anthropic\]'"):
        CloudModel(Cloud(provider="anthropic"), SecretStr("k"))


def test_every_extra_that_is_named_can_be_installed() -> None:
    import tomllib

    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {provider.extra for provider in PROVIDERS.values()} <= set(project["optional-dependencies"])


def test_each_provider_has_its_own_key_variable_and_the_configuration_may_name_another() -> None:
    assert key_variable(Cloud()) == "OPENAI_API_KEY"
    assert key_variable(Cloud(provider="anthropic")) == "ANTHROPIC_API_KEY"
    assert key_variable(Cloud(provider="anthropic", key_variable="TEAM_KEY")) == "TEAM_KEY"
    assert len({provider.key_variable for provider in PROVIDERS.values()}) == len(PROVIDERS)


def test_only_openais_address_may_come_from_the_environment() -> None:
    assert {name: one.address_variable for name, one in PROVIDERS.items() if one.address_variable} == {
        "openai": "OPENAI_BASE_URL"
    }
    with pytest.raises(ConfigError, match="use openai, azure_openai, anthropic"):
        find_provider("elsewhere")


def test_the_catalogue_imports_no_provider() -> None:
    code = "import sys, rag.gate.catalogue; print(*sys.modules)"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert not loaded & {"langchain_core", "langchain_openai", "openai", "anthropic", "google.genai", "boto3"}
