"""What a person should know about this store beyond its counts, each with the command that mends it."""

from __future__ import annotations

from rag.config import Settings
from rag.store import Store
from web.shapes import Json

UNKNOWN_SHARE_KEY = "unknown_share"
NOTICED_SHARE = 0.2
MULTILINGUAL_MODEL = "intfloat/multilingual-e5-small"
INSTALL_COMMAND = f"airlock models prepare {MULTILINGUAL_MODEL}"


def notices_about(settings: Settings, store: Store) -> list[Json]:
    """The notices for this store, most important first; empty when all is well."""
    share = read_unknown_share(store)
    return [unknown_share_notice(settings.retrieval.model, share)] if share >= NOTICED_SHARE else []


def read_unknown_share(store: Store) -> float:
    """The share of the documents' tokens the embedding model cannot read, as the last ingest measured it."""
    try:
        return float(store.meta(UNKNOWN_SHARE_KEY) or 0.0)
    except ValueError:
        return 0.0


def unknown_share_notice(model: str, share: float) -> Json:
    """The notice that the embedding model reads these documents badly."""
    percent = f"{share:.0%}"
    return {
        "code": "unknown_share",
        "text": {
            "en": f"The embedding model {model} cannot read {percent} of these documents' words, so they are "
            "found mostly by exact words. A multilingual model finds them by meaning too.",
            "zh-TW": f"嵌入模型 {model} 讀不懂這些文件中 {percent} 的詞，因此主要靠字詞比對搜尋。"
            "改用多語模型即可依語意搜尋。",
        },
        "command": INSTALL_COMMAND,
    }
