"""Every setting of Airlock: read once, frozen, handed down. Holds no cloud key; the gate reads those itself."""

from __future__ import annotations

import ipaddress
import os
import stat
import tomllib
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import platformdirs
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from rag.errors import ConfigError
from rag.policy.labels import Label, Rule, parse_label
from rag.policy.route import Mode
from rag.records import Zone

LabelByWord = Annotated[Label, BeforeValidator(lambda value: parse_label(value) if isinstance(value, str) else value)]
"""A label, written as its word."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Rules(_Section):
    """What each label allows."""

    public: Rule = Field(Rule.CLOUD, description="Rule for public text: cloud, masked or local.")
    internal: Rule = Field(
        Rule.MASKED, description="Rule for internal text. `masked`: may go to the cloud with its identifiers hidden."
    )
    confidential: Rule = Field(Rule.LOCAL, description="Rule for confidential text.")
    restricted: Rule = Field(Rule.LOCAL, description="Rule for restricted text.")

    def by_label(self) -> dict[Label, Rule]:
        """The four rules keyed by label."""
        return {label: getattr(self, label.word) for label in Label}

    @model_validator(mode="after")
    def _never_looser_upwards(self) -> Rules:
        order = [Rule.CLOUD, Rule.MASKED, Rule.LOCAL]
        ranks = [order.index(rule) for rule in self.by_label().values()]
        if ranks != sorted(ranks):
            raise ValueError("a higher label may not have a looser rule than a lower one")
        return self


class Local(_Section):
    """Models on this machine."""

    ollama_url: str = Field("http://127.0.0.1:11434", description="Where Ollama listens; empty turns it off.")
    ollama_model: str = Field(
        "", description="Ollama model to use; empty takes the best installed one that fits memory."
    )
    openai_url: str = Field(
        "",
        description="Base URL of an OpenAI-compatible server here, such as http://127.0.0.1:8080/v1; empty turns it off.",
    )
    openai_model: str = Field("", description="Model name to ask that server for; empty takes the first it lists.")
    connect_seconds: float = Field(2.0, gt=0, description="Seconds to wait for a local server to accept a connection.")
    first_token_seconds: float = Field(
        300.0, gt=0, description="Seconds to wait for the first token; a large model loads slowly."
    )
    silence_seconds: float = Field(
        60.0, gt=0, description="Seconds without a further token before the answer counts as broken off."
    )


class BudgetLimits(_Section):
    """What may be spent at the cloud; days and months in UTC. Unset is no limit. When one is reached, answers stay here."""

    calls_per_day: int | None = Field(None, ge=0, description="Most calls a day.")
    calls_per_month: int | None = Field(None, ge=0, description="Most calls a month.")
    tokens_per_day: int | None = Field(None, ge=0, description="Most tokens a day, sent and answered.")
    tokens_per_month: int | None = Field(None, ge=0, description="Most tokens a month, sent and answered.")
    dollars_per_day: float | None = Field(
        None,
        ge=0,
        description="Most US dollars a day. Needs a known price (`costs.prices`); without one nothing is sent.",
    )
    dollars_per_month: float | None = Field(
        None, ge=0, description="Most US dollars a month. Needs a known price; without one nothing is sent."
    )

    def limits(self) -> dict[str, float]:
        """The limits that are set, by name."""
        return {name: value for name, value in self.model_dump().items() if value is not None}


class Cloud(_Section):
    """The cloud provider. Its key is no setting: the gate alone reads it from the environment."""

    enabled: bool | None = Field(
        None,
        description="true is consent to use the cloud; unset, `airlock serve` asks once when it finds a key; false never asks.",
    )
    provider: str = Field(
        "openai",
        description="Who is asked: openai, azure_openai, anthropic, google, huggingface or openai_compatible.",
    )
    model: str = Field("gpt-5-mini", description="Model to ask for.")
    base_url: str = Field(
        "",
        description="Base URL instead of the provider's own; its host becomes the only one the gate may reach. When empty, OpenAI's is also read from OPENAI_BASE_URL.",
    )
    key_variable: str = Field(
        "", description="Environment variable the gate reads the key from; empty takes the provider's usual one."
    )
    key_file: Path | None = Field(
        None, description="File to read the key from instead; only its owner may be able to read it (mode 0600)."
    )
    keyring: bool = Field(
        False, description="Read the key from the system's keyring (service `airlock`, the provider as user name)."
    )
    max_label: LabelByWord = Field(
        Label.RESTRICTED,
        description="Highest label this provider may be sent, whatever the rules allow: a private deployment is not a public one.",
    )
    api_version: str = Field("2024-10-21", description="API version for Azure OpenAI.")
    max_tokens: int = Field(2048, ge=1, description="Most tokens of an answer, for providers that must be told.")
    connect_seconds: float = Field(10.0, gt=0, description="Seconds to wait for a connection.")
    first_token_seconds: float = Field(30.0, gt=0, description="Seconds to wait for the first token.")
    total_seconds: float = Field(180.0, gt=0, description="Seconds one cloud answer may take in all.")


class Retrieval(_Section):
    """Finding passages."""

    model: str = Field(
        "all-MiniLM-L6-v2", description="Embedding model: the bundled one, or any sentence-transformers name or folder."
    )
    passages: int = Field(8, ge=1, le=50, description="Most passages that go into a prompt.")
    candidates: int = Field(50, ge=5, le=1000, description="Candidates taken from each engine before fusion.")
    cut_ratio: float = Field(
        0.65, ge=0, le=1, description="A passage scoring below this share of the best is cut before the prompt is made."
    )
    raise_ratio: float = Field(
        0.88,
        ge=0,
        le=1,
        description="The same share for a passage with a higher label than the best one's: what would raise the label must earn it.",
    )


class Ingest(_Section):
    """Reading documents."""

    chunk_tokens: int = Field(
        220, ge=32, le=2000, description="Target size of a chunk in the embedding model's tokens."
    )
    max_file_megabytes: int = Field(200, ge=1, description="Files larger than this are listed as too large.")
    parse_seconds: float = Field(60.0, gt=0, description="Seconds a parser may take for one file.")
    parse_megabytes: int = Field(1024, ge=64, description="Memory a parser may take, in MiB.")
    batch: int = Field(8, ge=1, le=256, description="Chunks embedded at once.")


class OwnPrice(_Section):
    """What a model costs by your own contract."""

    provider: str = Field(description="Provider, as in `cloud.provider`.")
    model: str = Field(description="Model name.")
    input: float = Field(ge=0, description="US dollars for a million prompt tokens.")
    output: float = Field(ge=0, description="US dollars for a million answer tokens.")


class Detect(_Section):
    """Finding identifiers (names, numbers, addresses, secrets)."""

    raise_from: float = Field(
        0.8,
        gt=0,
        le=1,
        description="How sure a recogniser must be for a find without check digits to raise a question's label.",
    )
    question_label: LabelByWord = Field(
        Label.CONFIDENTIAL,
        description="Label of a question that holds an identity number, a card, a key or the like; e-mail addresses and telephone numbers alone raise nothing.",
    )
    without_names: bool = Field(
        False,
        description="Let `masked` text go to the cloud although no recogniser of persons' names is installed: names then stay readable.",
    )


class Costs(_Section):
    """What answers cost; for `airlock costs` and `airlock advise`. The defaults are assumptions: put in your own."""

    hardware: float = Field(
        1500.0, ge=0, description="US dollars paid for the computer because it answers; 0 if it is there anyway."
    )
    life_months: float = Field(48.0, gt=0, description="Months that computer serves.")
    watts: float = Field(120.0, ge=0, description="Watts it draws while it writes, above what it would draw anyway.")
    idle_watts: float = Field(0.0, ge=0, description="Watts it draws all month because it must stand ready.")
    kilowatt_hour: float = Field(0.15, ge=0, description="US dollars for a kilowatt-hour.")
    upkeep: float = Field(30.0, ge=0, description="US dollars a month for the time someone looks after it.")
    prices: tuple[OwnPrice, ...] = Field((), description="Prices of your own contracts; they win over the list.")


class Server(_Section):
    """The page."""

    host: str = Field("127.0.0.1", description="Address to bind. Anything but loopback needs `password`.")
    port: int = Field(8000, ge=0, le=65535, description="Port to bind; 0 picks a free one.")
    password: SecretStr = Field(SecretStr(""), description="Password the page asks for; required off loopback.")
    allowed_hosts: tuple[str, ...] = Field(
        (), description="Further Host names the page answers to, besides loopback and `host`."
    )
    max_upload_megabytes: int = Field(100, ge=1, description="Largest upload the page accepts.")


class Settings(BaseSettings):
    """All settings. Order: environment (`AIRLOCK_…`, nested with `__`), then `airlock.toml`, then these defaults."""

    model_config = SettingsConfigDict(
        env_prefix="AIRLOCK_", env_nested_delimiter="__", frozen=True, extra="forbid", env_ignore_empty=True
    )

    home: Path = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("airlock", appauthor=False)),
        description="Folder that holds all state (`AIRLOCK_HOME`).",
    )
    receipts_folder: Path = Field(
        default_factory=lambda: Path(platformdirs.user_config_dir("airlock-receipts", appauthor=False)),
        description="Folder outside `home` that holds the key and the last known end of the sending records' chain.",
    )
    mode: Mode = Field(Mode.BY_LABEL, description="local-only, by-label or cloud.")
    prefer: Zone = Field(Zone.CLOUD, description="Zone tried first where a label allows both: local or cloud.")
    confirm_cloud: str = Field(
        "first",
        pattern="^(always|first|never)$",
        description="When to ask before sending to the cloud: always, first (once a conversation) or never.",
    )
    mixed: str = Field(
        "ask",
        pattern="^(ask|local|without)$",
        description="When only some passages keep a question here: ask, answer here with all (local), or in the cloud without them (without).",
    )
    strict: bool = Field(
        False, description="Refuse to start where the platform's guards are missing, instead of saying so."
    )
    trusted_local_hosts: tuple[str, ...] = Field(
        (), description="Hosts besides this machine that count as local for models."
    )
    rules: Rules = Field(default_factory=Rules, description="What each label allows.")
    local: Local = Field(default_factory=Local, description="Models on this machine.")
    cloud: Cloud = Field(default_factory=Cloud, description="The cloud provider.")
    retrieval: Retrieval = Field(default_factory=Retrieval, description="Finding passages.")
    ingest: Ingest = Field(default_factory=Ingest, description="Reading documents.")
    detect: Detect = Field(default_factory=Detect, description="Finding identifiers.")
    budget: BudgetLimits = Field(
        default_factory=BudgetLimits, description="What may be spent at the cloud; when it is, answers stay here."
    )
    costs: Costs = Field(default_factory=Costs, description="What answers cost.")
    server: Server = Field(default_factory=Server, description="The page.")

    @field_validator("home", "receipts_folder", mode="after")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @model_validator(mode="after")
    def _key_is_not_in_the_store(self) -> Settings:
        if self.receipts_folder.resolve().is_relative_to(self.home.resolve()):
            raise ValueError(
                "receipts_folder: a key beside the records that it protects proves nothing; name a folder outside home"
            )
        return self

    @model_validator(mode="after")
    def _locals_are_local(self) -> Settings:
        for key, url in (("local.ollama_url", self.local.ollama_url), ("local.openai_url", self.local.openai_url)):
            if url and not is_local_url(url, self.trusted_local_hosts):
                raise ValueError(
                    f"{key}: the host of this address is not this machine; use 127.0.0.1, [::1], or list it in trusted_local_hosts"
                )
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment over file over defaults; nothing else is read."""
        return env_settings, init_settings


def is_local_url(url: str, trusted: tuple[str, ...] = ()) -> bool:
    """Whether `url` is provably on this machine: a loopback literal, or a host listed in `trusted`.

    Names (even `localhost`), unspecified addresses and anything with credentials are not believed.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        return False
    if host in {name.lower() for name in trusted}:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


KNOWN_VARIABLES = frozenset({"AIRLOCK_CONFIG", "AIRLOCK_HOME"})


def config_file() -> Path | None:
    """The configuration file in force: `AIRLOCK_CONFIG`, then the one in the home folder, then `./airlock.toml`.

    Raises:
        ConfigError: `AIRLOCK_CONFIG` names no file, or `./airlock.toml` belongs to another user.
    """
    named = os.environ.get("AIRLOCK_CONFIG")  # noqa: TID251  the one module that reads settings
    if named:
        path = Path(named).expanduser()
        if not path.is_file():
            raise ConfigError(f"AIRLOCK_CONFIG: there is no file {path}")
        return path
    home = os.environ.get("AIRLOCK_HOME")  # noqa: TID251  the one module that reads settings
    folder = Path(home).expanduser() if home else Path(platformdirs.user_data_dir("airlock", appauthor=False))
    if (folder / "airlock.toml").is_file():
        return folder / "airlock.toml"
    here = Path("airlock.toml").absolute()
    if not here.is_file():
        return None
    info = here.stat()
    if hasattr(os, "getuid") and (info.st_uid != os.getuid() or info.st_mode & stat.S_IWOTH):
        raise ConfigError(
            f"{here}: not read, because another user may have written it; name it with AIRLOCK_CONFIG if you trust it"
        )
    return here


def load_settings(**overrides: Any) -> Settings:
    """Read the configuration once.

    Raises:
        ConfigError: a key or value is wrong; the message names it and says what is allowed.
    """
    path = config_file()
    values: dict[str, Any] = {}
    if path is not None:
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigError(f"{path}: cannot be read as TOML: {error}") from error
    _refuse_unknown_variables()
    try:
        return Settings(**{**values, **overrides})
    except ValidationError as error:
        raise ConfigError("; ".join(_explain(detail) for detail in error.errors())) from error


def known_keys() -> dict[str, str]:
    """Every setting's dotted key and its description."""
    keys: dict[str, str] = {}
    for name, field in Settings.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, _Section):
            keys |= {f"{name}.{inner}": info.description or "" for inner, info in section.model_fields.items()}
        else:
            keys[name] = field.description or ""
    return keys


def _refuse_unknown_variables() -> None:
    allowed = {"AIRLOCK_" + key.replace(".", "__").upper() for key in known_keys()} | KNOWN_VARIABLES
    for name in os.environ:  # noqa: TID251  the one module that reads settings
        if name.upper().startswith("AIRLOCK_") and name.upper() not in allowed:
            raise ConfigError(f"{name}: no such setting; `airlock doctor --settings` lists them all")


def _explain(detail: Any) -> str:
    key = ".".join(str(part) for part in detail["loc"]) or "configuration"
    if detail["type"] == "extra_forbidden":
        section, _, _ = key.rpartition(".")
        names = sorted(known.rpartition(".")[2] for known in known_keys() if known.rpartition(".")[0] == section)
        sections = sorted({known.partition(".")[0] for known in known_keys() if "." in known}) if not section else []
        return f"{key}: no such setting; allowed here: {', '.join(names + [f'[{name}]' for name in sections])}"
    return f"{key}: {detail['msg'].removeprefix('Value error, ')}"
