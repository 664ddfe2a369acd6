"""The sample corpus: the four questions the empty page offers about it. Knows no document's content."""

from __future__ import annotations

from collections.abc import Mapping

QUESTIONS: list[Mapping[str, str]] = [
    {
        "en": "When does the station send a water level alert?",
        "zh-TW": "測站什麼時候會發出水位警報？",
    },
    {
        "en": "What did the 2025 fish survey find?",
        "zh-TW": "2025 年的魚類調查有什麼發現？",
    },
    {
        "en": "How is a turbidity sensor calibrated?",
        "zh-TW": "濁度計要怎麼校正？",
    },
    {
        "en": "What is in the draft report on the fish kill at the brickworks?",
        "zh-TW": "磚窯魚群死亡事件的報告草稿寫了什麼？",
    },
]
