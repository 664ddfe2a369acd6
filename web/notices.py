"""What a person should know about this store beyond its counts, each with the command that mends it."""

from __future__ import annotations

from rag.advice.spending import judge_budget
from rag.config import Settings
from rag.policy.budget import Limit
from rag.store import Store
from web.shapes import Json

UNKNOWN_SHARE_KEY = "unknown_share"
NOTICED_SHARE = 0.2
MULTILINGUAL_MODEL = "intfloat/multilingual-e5-small"
INSTALL_COMMAND = f"airlock models prepare {MULTILINGUAL_MODEL}"


def notices_about(settings: Settings, store: Store) -> list[Json]:
    """The notices for this store, most important first; empty when all is well."""
    notices = [budget_notice(limit) for limit in judge_budget(store, settings) if limit.near]
    share = read_unknown_share(store)
    if share >= NOTICED_SHARE:
        notices.append(unknown_share_notice(settings.retrieval.model, share))
    return notices


def budget_notice(limit: Limit) -> Json:
    """The notice that most of a cloud budget, or all of it, is used."""
    what = limit.name.replace("_", " ")
    if limit.used is None:
        return {
            "code": "budget_unknown",
            "text": {
                "en": f"budget.{limit.name} is set but the model's price is not known, so nothing is sent. "
                "Put its price into costs.prices.",
                "zh-TW": f"已設定 budget.{limit.name}，但不知道模型價格，因此不會送出任何內容。"
                "請在 costs.prices 填入價格。",
            },
            "command": "",
        }
    used = f"{limit.used:,.2f}".rstrip("0").rstrip(".")
    end = " Answers stay on this computer until it begins anew." if limit.reached else ""
    fin = "在重新計算之前，回答都留在本機。" if limit.reached else ""
    return {
        "code": "budget_reached" if limit.reached else "budget_near",
        "text": {
            "en": f"Cloud budget ({what}): {used} of {limit.most:,g} used.{end}",
            "zh-TW": f"雲端預算（{limit.name}）：已使用 {used}／{limit.most:,g}。{fin}",
        },
        "command": "",
    }


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
