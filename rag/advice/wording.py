"""The sentences of the advice, in both languages. Knows codes and figures; decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from string import Template

from rag.advice.recommend import Criterion
from rag.advice.workload import Option
from rag.wording import LANGUAGES

OPTION_WORDS: Mapping[Option, tuple[str, str]] = {
    Option.LOCAL_ONLY: ("Only this computer", "僅用本機"),
    Option.BY_LABEL: ("By sensitivity: both", "依機密等級：兩者並用"),
    Option.CLOUD: ("Cloud", "雲端"),
}

CRITERION_WORDS: Mapping[str, tuple[str, str]] = {
    "law": ("Law and contracts", "法律與合約"),
    "offline": ("Working offline", "離線作業"),
    "no_computer": ("A computer for it", "可用的電腦"),
    "kept": ("Confidentiality", "機密性"),
    "budget": ("Budget", "預算"),
    "quality": ("Quality", "品質"),
    "latency": ("Waiting time", "等待時間"),
    "volume": ("Volume", "用量"),
    "simplicity": ("Simplicity", "簡便"),
    "control": ("Control", "掌控"),
    "elasticity": ("Peaks", "尖峰用量"),
}

INPUT_WORDS: Mapping[str, tuple[str, str]] = {
    "questions": ("questions a month", "每月問題數"),
    "tokens_in": ("tokens sent per question", "每題送出的 token 數"),
    "tokens_out": ("tokens per answer", "每個回答的 token 數"),
    "price_in": ("price of sent tokens", "送出 token 的價格"),
    "price_out": ("price of answer tokens", "回答 token 的價格"),
    "local_seconds": ("seconds per local answer", "本機每個回答的秒數"),
    "cloud_seconds": ("seconds per cloud answer", "雲端每個回答的秒數"),
    "cloud_wins": ("votes won by the cloud", "雲端獲選的比例"),
    "shares": ("shares by sensitivity", "各機密等級的比例"),
    "hardware": ("price of the computer", "電腦價格"),
    "watts": ("power while writing", "作答時的耗電"),
    "kilowatt_hour": ("price of electricity", "電價"),
    "upkeep": ("upkeep", "維護費用"),
}

SENTENCES: Mapping[str, tuple[str, str]] = {
    "nothing_may_leave": (
        "Nothing may leave this computer, so the cloud is out, whatever it costs.",
        "任何內容都不得離開這台電腦，因此無論費用如何都不能使用雲端。",
    ),
    "without_network": (
        "Answers must come without a network; only a model on this computer gives them.",
        "沒有網路也要能回答，只有本機的模型做得到。",
    ),
    "no_computer": (
        "There is no computer that could run a model. $kept of the questions may not be sent and get extracts only.",
        "沒有可以執行模型的電腦。有 $kept 的問題不得送出，只能以原文摘錄回答。",
    ),
    "all_kept": (
        "No question may be sent: every answer has to be written here.",
        "沒有任何問題可以送出：所有回答都必須在本機寫成。",
    ),
    "some_kept": (
        "$kept of the questions have to stay here, so a model is needed here anyway; the other $sent may be sent.",
        "有 $kept 的問題必須留在本機，因此本機無論如何都需要模型；其餘 $sent 可以送出。",
    ),
    "none_kept": (
        "Nearly all questions ($sent) may be sent, so confidentiality leaves the choice open.",
        "幾乎所有問題（$sent）都可以送出，因此機密性不限制選擇。",
    ),
    "price_unknown": (
        "The price of the configured cloud model is not known, so costs cannot be compared. Type it in, or set costs.prices.",
        "不知道所設定雲端模型的價格，因此無法比較費用。請輸入價格，或設定 costs.prices。",
    ),
    "never_even": (
        "A cloud answer costs $$$cloud and the power of a local one $$$local: no number of questions pays for the computer.",
        "雲端每個回答 $$$cloud，本機每個回答的電費 $$$local：再多問題也無法攤平電腦的費用。",
    ),
    "below_even": (
        "$questions questions a month are below the break-even of $even, so the cloud costs less.",
        "每月 $questions 題低於損益平衡點 $even 題，因此雲端較便宜。",
    ),
    "above_even": (
        "$questions questions a month are above the break-even of $even, so a computer of your own costs less.",
        "每月 $questions 題高於損益平衡點 $even 題，因此自有電腦較便宜。",
    ),
    "no_votes": (
        "Nobody has compared answers yet. Vote on the Compare page, and quality counts.",
        "還沒有人比較過回答。到「比較」頁投票後，品質就會列入考量。",
    ),
    "cloud_better": (
        "In blind votes the cloud's answers won $cloud_wins: worth sending what may be sent.",
        "在不顯示來源的投票中，雲端的回答獲選 $cloud_wins：可以送出的問題值得送出。",
    ),
    "local_better": (
        "In blind votes the cloud's answers won only $cloud_wins: nothing is gained by sending.",
        "在不顯示來源的投票中，雲端的回答只獲選 $cloud_wins：送出沒有好處。",
    ),
    "alike": (
        "In blind votes the cloud's answers won $cloud_wins: about as good as local ones.",
        "在不顯示來源的投票中，雲端的回答獲選 $cloud_wins：與本機差不多。",
    ),
    "local_slow": (
        "A local answer takes $local s, a cloud one $cloud s; people stop waiting after about 20 s.",
        "本機回答需 $local 秒，雲端 $cloud 秒；超過約 20 秒就很少人願意等。",
    ),
    "local_faster": (
        "A local answer takes $local s and a cloud one $cloud s: local is no slower.",
        "本機回答需 $local 秒，雲端 $cloud 秒：本機並不較慢。",
    ),
    "both_fine": (
        "A local answer takes $local s, a cloud one $cloud s: both are quick enough.",
        "本機回答需 $local 秒，雲端 $cloud 秒：兩者都夠快。",
    ),
    "below": (
        "Rule of thumb: below $thumb questions a month the cloud is usually less trouble; here it is $questions.",
        "經驗法則：每月低於 $thumb 題時，雲端通常較省事；這裡是 $questions 題。",
    ),
    "above": (
        "Rule of thumb: above $thumb questions a month a machine of one's own begins to pay; here it is $questions.",
        "經驗法則：每月高於 $thumb 題時，自有機器開始划算；這裡是 $questions 題。",
    ),
    "no_upkeep": (
        "Rule of thumb: a cloud model needs no installing, no updates and no hardware.",
        "經驗法則：雲端模型不需安裝、更新與硬體。",
    ),
    "own_model": (
        "Rule of thumb: a model of your own does not change, get dearer or go away unless you say so.",
        "經驗法則：自己的模型不會自行改變、漲價或停用。",
    ),
    "busy": (
        "Evenly spread, the questions keep $computers of one computer busy; at peaks they queue, in the cloud they do not.",
        "平均分散時，這些問題會占用一台電腦的 $computers；尖峰時在本機要排隊，雲端則不必。",
    ),
}

_PERCENT = frozenset(("kept", "sent", "cloud_wins", "computers"))
_MONEY_CODES = frozenset(("never_even",))


def say_criterion(criterion: Criterion) -> dict[str, str]:
    """The criterion's sentence in every language."""
    money = criterion.code in _MONEY_CODES
    figures = {name: _write(name, value, money=money) for name, value in criterion.figures.items()}
    said = SENTENCES[criterion.code]
    return {
        language: Template(sentence).substitute(figures) for language, sentence in zip(LANGUAGES, said, strict=True)
    }


def name_in(words: tuple[str, str]) -> dict[str, str]:
    """A pair of words keyed by language."""
    return dict(zip(LANGUAGES, words, strict=True))


def _write(name: str, value: float, *, money: bool) -> str:
    if name in _PERCENT:
        return f"{value:.0%}"
    if money:
        return f"{value:.4g}"
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"
