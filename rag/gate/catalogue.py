"""The cloud providers Airlock can ask: a name, an address and how LangChain's chat model is made. One entry each.

Importing this imports no provider. What an entry builds sends through the gate's own client and nothing else.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from rag.config import Cloud
from rag.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Wire:
    """What a chat model is built with: settings, key, address, and the only client it may send through.

    `client` is an AsyncClient of the provider's HTTP library (`Provider.library`); `silent` is its blocking half,
    which sends nothing.
    """

    cloud: Cloud
    key: SecretStr
    url: str
    client: Any
    silent: Any


@dataclass(frozen=True, slots=True)
class Provider:
    """One entry.

    Attributes:
        title: what people call it.
        url: where it answers; empty where everybody has an address of their own (`cloud.base_url`).
        key_variable: the environment variable its key is read from unless `cloud.key_variable` names another.
        package: the module that speaks to it.
        extra: what to install when that is missing.
        library: the HTTP library its client uses: httpx or httpx2.
        example: an address to show where one has to be given.
        address_variable: the environment variable that may name another address; "" where none is believed.
    """

    title: str
    url: str
    key_variable: str
    package: str
    extra: str
    build: Callable[[Wire], Any]
    library: str = "httpx"
    example: str = ""
    address_variable: str = ""

    @property
    def host(self) -> str:
        """The host it answers at, empty where everybody has an address of their own."""
        return urlsplit(self.url).hostname or ""

    def check(self, name: str, url: str) -> str:
        """The address to use.

        Raises:
            ConfigError: none is known, or the package is not installed; says what to do.
        """
        if not (url or self.url):
            raise ConfigError(f"cloud.base_url: {self.title} has no common address; set yours, such as {self.example}")
        if importlib.util.find_spec(self.package) is None:
            raise ConfigError(
                f"cloud.provider: '{name}' needs the package {self.package}; install it with "
                f"pip install 'airlock-rag[{self.extra}]'"
            )
        return url or self.url


def _openai(wire: Wire) -> Any:
    from langchain.chat_models import init_chat_model

    return init_chat_model(
        wire.cloud.model,
        model_provider="openai",
        api_key=wire.key,
        base_url=wire.url,
        http_async_client=wire.client,
        http_client=wire.silent,
        max_retries=0,
        use_responses_api=False,
        stream_usage=True,
        stream_chunk_timeout=None,
        cache=False,
        callbacks=[],
    )


def _azure(wire: Wire) -> Any:
    from langchain_openai import AzureChatOpenAI

    return AzureChatOpenAI(
        azure_deployment=wire.cloud.model,
        api_version=wire.cloud.api_version,
        azure_endpoint=wire.url,
        api_key=wire.key,
        http_async_client=wire.client,
        http_client=wire.silent,
        max_retries=0,
        use_responses_api=False,
        stream_usage=True,
        stream_chunk_timeout=None,
        cache=False,
        callbacks=[],
    )


def _anthropic(wire: Wire) -> Any:
    import anthropic
    from langchain_anthropic import ChatAnthropic

    chat = ChatAnthropic(
        model_name=wire.cloud.model,
        anthropic_api_key=wire.key,
        anthropic_api_url=wire.url,
        max_tokens_to_sample=wire.cloud.max_tokens,
        max_retries=0,
        timeout=None,
        stop=None,
        stream_usage=True,
        cache=False,
        callbacks=[],
    )
    # The class makes its clients lazily, one attribute each; here they are the gate's before it can.
    own: dict[str, Any] = {"api_key": wire.key.get_secret_value(), "base_url": wire.url, "max_retries": 0}
    chat.__dict__["_async_client"] = anthropic.AsyncAnthropic(http_client=wire.client, **own)
    chat.__dict__["_client"] = anthropic.Anthropic(http_client=wire.silent, **own)
    return chat


def _google(wire: Wire) -> Any:
    from langchain_google_genai import ChatGoogleGenerativeAI

    return ChatGoogleGenerativeAI(
        model=wire.cloud.model,
        google_api_key=wire.key,
        base_url=wire.url,
        client_args={"transport": wire.client._transport, "trust_env": False, "follow_redirects": False},
        max_retries=1,  # attempts in all
        cache=False,
        callbacks=[],
    )


PROVIDERS: Mapping[str, Provider] = {
    "openai": Provider(
        "OpenAI", "https://api.openai.com/v1", "OPENAI_API_KEY", "langchain_openai", "openai", _openai,
        address_variable="OPENAI_BASE_URL",
    ),
    "azure_openai": Provider(
        "Azure OpenAI", "", "AZURE_OPENAI_API_KEY", "langchain_openai", "openai", _azure,
        example="https://YOUR-RESOURCE.openai.azure.com",
    ),
    "anthropic": Provider(
        "Anthropic", "https://api.anthropic.com", "ANTHROPIC_API_KEY", "langchain_anthropic", "anthropic", _anthropic,
        library="httpx2",
    ),
    "google": Provider(
        "Google Gemini", "https://generativelanguage.googleapis.com", "GOOGLE_API_KEY", "langchain_google_genai",
        "google", _google,
    ),
    "huggingface": Provider(
        "Hugging Face Inference Endpoints", "", "HF_TOKEN", "langchain_openai", "openai", _openai,
        example="https://YOUR-ENDPOINT.endpoints.huggingface.cloud/v1",
    ),
    "openai_compatible": Provider(
        "An OpenAI-compatible service", "", "OPENAI_COMPATIBLE_API_KEY", "langchain_openai", "openai", _openai,
        example="https://llm.example.com/v1",
    ),
}  # fmt: skip


def find_provider(name: str) -> Provider:
    """The entry called `name`.

    Raises:
        ConfigError: there is none; lists those that are.
    """
    if name not in PROVIDERS:
        raise ConfigError(f"cloud.provider: '{name}' is not available; use {', '.join(PROVIDERS)}")
    return PROVIDERS[name]


def key_variable(cloud: Cloud) -> str:
    """The environment variable the key is read from."""
    return cloud.key_variable or (PROVIDERS[cloud.provider].key_variable if cloud.provider in PROVIDERS else "")
