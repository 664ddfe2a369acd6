"""The plain sentences for reasons and marks, in both languages. Knows codes and figures, never document text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import Template

from rag.records import Answerer, Reason, Zone

LANGUAGES = ("en", "zh-TW")

LABEL_WORDS: Mapping[str, Mapping[str, str]] = {
    "public": {"en": "public", "zh-TW": "公開"},
    "internal": {"en": "internal", "zh-TW": "內部"},
    "confidential": {"en": "confidential", "zh-TW": "機密"},
    "restricted": {"en": "restricted", "zh-TW": "極機密"},
}

SENTENCES: Mapping[str, tuple[str, str]] = {
    # why a route was chosen
    "label_allows_cloud": (
        "Everything used for this answer is $label, which may go to the cloud.",
        "這個回答用到的內容機密等級為「$label」，可以送到雲端。",
    ),
    "mode_local_only": (
        "This deployment is local-only: nothing is ever sent to a cloud.",
        "這套系統設定為僅限本機：任何內容都不會送到雲端。",
    ),
    "switch_local_only": (
        "The Local-only switch was on for this question.",
        "這個問題開啟了「僅限本機」。",
    ),
    "source_local_only": (
        "An excerpt comes from a folder that is set to Local only.",
        "有摘錄來自設為「僅限本機」的資料夾。",
    ),
    "label_passages": (
        "$count of the excerpts used are $label, so they stay on this computer.",
        "用到的摘錄中有 $count 段為「$label」，因此留在本機。",
    ),
    "masked_allows_cloud": (
        "Everything used for this answer is at most $label. Identifiers are hidden; the rest was sent to the cloud.",
        "這個回答用到的內容機密等級最高為「$label」。已遮蔽識別資料，其餘已送到雲端。",
    ),
    "question_repeats": (
        "The question repeats $label text of your documents word for word, so it stays on this computer.",
        "這個問題逐字重複了文件中的「$label」內容，因此留在本機。",
    ),
    "question_identifiers": (
        "The question holds identifiers ($kinds), so it is treated as $label.",
        "這個問題含有識別資料（$kinds），因此視為「$label」。",
    ),
    "provider_max_label": (
        "$label text may not be sent to this provider (at most $most), so it stays on this computer.",
        "「$label」內容不得送到這個雲端服務（最高為「$most」），因此留在本機。",
    ),
    "budget_reached": (
        "The cloud's budget is used up ($limit), so the answer is written on this computer.",
        "雲端的預算已用完（$limit），因此在本機作答。",
    ),
    "left_out": (
        "Left out because they stay on this computer: $count excerpts, up to $label.",
        "因須留在本機而略過：$count 段摘錄，最高為「$label」。",
    ),
    "masked_no_names": (
        "$label text may go to the cloud once identifiers are hidden, but persons' names cannot be recognised here, so it stays on this computer.",
        "「$label」內容須遮蔽識別資料才能送到雲端，但這裡無法辨識人名，因此留在本機。",
    ),
    "masked_not_looked": (
        "$label text may go to the cloud once identifiers are hidden; they could not be hidden here, so it stays on this computer.",
        "「$label」內容須遮蔽識別資料才能送到雲端，但這裡無法遮蔽，因此留在本機。",
    ),
    "unlabelled": (
        "$count of the excerpts used are not labelled, so they are treated as confidential and stay on this computer.",
        "用到的摘錄中有 $count 段尚未標示機密等級，因此視為機密並留在本機。",
    ),
    "label_conversation": (
        "Earlier in this conversation $label text was used, so it stays on this computer. A new conversation starts fresh.",
        "這個對話先前用過「$label」內容，因此留在本機。開新對話即可重新開始。",
    ),
    "label_question": (
        "The question itself is treated as $label, so it stays on this computer.",
        "這個問題本身視為「$label」，因此留在本機。",
    ),
    "prefers_local": (
        "The cloud would be allowed, but this computer is preferred.",
        "這個問題可以送到雲端，但設定為優先使用本機。",
    ),
    "person_chose_local": (
        "You chose to answer on this computer.",
        "您選擇在本機回答。",
    ),
    "no_cloud_configured": (
        "No cloud model is connected.",
        "尚未連接雲端模型。",
    ),
    "no_local_model": (
        "No local model is connected, so the answer is made of extracts from your documents.",
        "尚未連接本機模型，因此以文件的原文摘錄作答。",
    ),
    "cloud_mode_forbidden": (
        "This deployment has no local model, so the answer is made of extracts from your documents.",
        "這套系統沒有本機模型，因此以文件的原文摘錄作答。",
    ),
    "gate_refused": (
        "The sensitivity was checked again just before sending and no longer allowed it; nothing was sent.",
        "送出前再次檢查機密等級，已不允許送出；沒有送出任何內容。",
    ),
    # why a past answer would be kept here today
    "now_passages": (
        "$count of the passages that were sent are $label today, and the rules keep such text on this computer.",
        "當時送出的段落中，有 $count 段現在是「$label」，依現行規則應留在本機。",
    ),
    "now_conversation": (
        "Text from earlier in that conversation is $label today, and the rules keep such text on this computer.",
        "該對話先前用過的內容現在是「$label」，依現行規則應留在本機。",
    ),
    "now_question": (
        "The question is treated as $label, and the rules keep such text on this computer today.",
        "這個問題視為「$label」，依現行規則應留在本機。",
    ),
    "now_source_local_only": (
        "$count of the passages that were sent come from a folder that is set to Local only today.",
        "當時送出的段落中，有 $count 段來自現在設為「僅限本機」的資料夾。",
    ),
    "now_mode_local_only": (
        "This deployment is local-only today.",
        "這套系統現在設定為僅限本機。",
    ),
    "not_provably_local": (
        "The local model turned out to run somewhere else; nothing was sent to it.",
        "這個本機模型其實在別處執行，因此沒有送出任何內容。",
    ),
    # what happened on the way
    "fallback": (
        "$failed did not answer, so $used did.",
        "$failed 沒有回應，改由 $used 作答。",
    ),
    "incomplete": (
        "The answer broke off before its end; what came is kept.",
        "回答中途中斷；已保留收到的部分。",
    ),
    "stopped": ("You stopped this answer.", "您停止了這個回答。"),
    "no_answer": (
        "The documents do not answer this question. The nearest excerpts are shown, but they do not contain the answer.",
        "文件中沒有這個問題的答案。以下列出最接近的摘錄，但其中沒有答案。",
    ),
    "nothing_indexed": (
        "There are no documents yet. Add a folder first.",
        "目前還沒有任何文件，請先加入資料夾。",
    ),
    "unlabelled_local": (
        "Not labelled, so treated as confidential; no local model is connected.",
        "尚未標示機密等級，因此視為機密；目前沒有連接本機模型。",
    ),
    "unlabelled_local_model": (
        "Not labelled, so treated as confidential and answered on this computer.",
        "尚未標示機密等級，因此視為機密並在本機作答。",
    ),
    "history_shortened": (
        "The conversation is longer than the model's context; its oldest turns were left out.",
        "對話超過模型的上下文長度，最早的部分未納入。",
    ),
    "excerpts_shortened": (
        "The passages are longer than the model's context; the last ones were left out.",
        "段落超過模型的上下文長度，最後幾段未納入。",
    ),
    # why there is no local model
    "ollama_off": ("Ollama is turned off in the configuration.", "設定中已關閉 Ollama。"),
    "ollama_unreachable": ("Ollama does not answer at $address.", "Ollama 在 $address 沒有回應。"),
    "ollama_no_model": (
        "Ollama is running but has no model that can be used here.",
        "Ollama 已啟動，但沒有可在本機使用的模型。",
    ),
    "model_missing": ("The configured model $model is not installed.", "設定的模型 $model 尚未安裝。"),
    "server_unreachable": ("The local server does not answer at $address.", "本機伺服器在 $address 沒有回應。"),
    # progress
    "loading_model": ("Loading the model …", "正在載入模型……"),
    "thinking": ("The model is thinking …", "模型思考中……"),
    "sent": ("Sent; waiting for the first words …", "已送出，等待回應……"),
}

WHERE: Mapping[Zone, Mapping[str, str]] = {
    Zone.LOCAL: {"en": "This computer", "zh-TW": "本機"},
    Zone.CLOUD: {"en": "Cloud", "zh-TW": "雲端"},
}

EXTRACTS: Mapping[str, str] = {"en": "Extracts", "zh-TW": "原文摘錄"}


def say(reason: Reason, language: str) -> str:
    """`reason` as one sentence in `language` (`en` or `zh-TW`); its code itself when no sentence is known.

    Parameters are put in as they are and are never read as templates.
    """
    sentences = SENTENCES.get(reason.code)
    if sentences is None:
        return reason.code
    params = dict(reason.params)
    if params.get("label") in LABEL_WORDS:
        params["label"] = LABEL_WORDS[params["label"]][language]
    return Template(sentences[LANGUAGES.index(language)]).safe_substitute(params)


def say_both(reason: Reason) -> dict[str, str]:
    """`reason` in every language, keyed by language."""
    return {language: say(reason, language) for language in LANGUAGES}


def say_why(reasons: Sequence[Reason], language: str) -> str:
    """The one plain sentence of a badge: the first, most telling reason."""
    return say(reasons[0], language) if reasons else ""


def describe_answerer(answerer: Answerer, provider: str, model: str, language: str) -> str:
    """What wrote an answer: `Extracts`, `Ollama: qwen3`, `openai, gpt-5-mini`."""
    if answerer is Answerer.QUOTES:
        return EXTRACTS[language]
    return ": ".join(part for part in (provider, model) if part)
