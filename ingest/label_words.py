"""The words people write for sensitivity, in English and Chinese, and the labels they mean. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from rag.policy.labels import UNLABELLED, Label

KEYS = frozenset(
    (
        "sensitivity", "sensitivitylabel", "label", "classification",
        "securityclassification", "confidentiality", "datasensitivity",
        "dataclassification", "機密等級", "機密性", "機敏等級", "密等", "密級", "保密等級", "安全等級",
        "資料分級", "敏感度", "敏感性", "机密等级", "密级", "保密等级",
    )
)  # fmt: skip
"""Front matter keys that speak of sensitivity, without case, spaces, hyphens and underscores."""

_WORDS: Mapping[Label, tuple[str, ...]] = {
    Label.PUBLIC: (
        "public open unclassified tlp:clear tlp:white forpublicrelease",
        "公開 對外公開 可公開 公开 对外公开",
    ),
    Label.INTERNAL: (
        "internal internaluse internalonly internaluseonly companyinternal official tlp:green",
        "內部 內部使用 限內部使用 內部文件 內部資料 限閱 內部限閱 普通 一般 内部 内部使用 内部资料",
    ),
    Label.CONFIDENTIAL: (
        "confidential companyconfidential private sensitive proprietary tlp:amber tlp:amber+strict",
        "機密 密 密件 保密 敏感 機敏 限制閱覽 營業秘密 机密 机敏 营业秘密",
    ),
    Label.RESTRICTED: (
        "restricted secret topsecret highlyconfidential strictlyconfidential mostconfidential eyesonly tlp:red",
        "極機密 絕對機密 最高機密 高度機密 特別機密 秘密 祕密 絕密 极机密 绝对机密 绝密 最高机密",
    ),
}
_BY_WORD = {word: label for label, lists in _WORDS.items() for words in lists for word in words.split()}
_NOISE = re.compile(r"[\s_\-「」『』【】\[\]()'\"*]+")
_PARTS = re.compile(r"[,，、;；/|]+")


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a document's own words say: a label, and the words that were not understood (at most 40
    characters)."""

    label: Label
    unknown: str = ""


def label_of_word(text: str) -> Label | None:
    """The label that `text` names, in either language and any case; None when it names none."""
    return _BY_WORD.get(_plain(text))


def label_of_front_matter(front_matter: Mapping[str, str]) -> Spoken | None:
    """What the front matter says, None when it says nothing.

    Where several words are given the highest counts. A word that is not understood counts as confidential,
    never as nothing: whoever wrote it meant to protect something.
    """
    labels: list[Label] = []
    unknown = ""
    for key, value in front_matter.items():
        if _plain(key) not in KEYS or not value.strip():
            continue
        for part in filter(str.strip, _PARTS.split(value)):
            label = label_of_word(part)
            unknown = unknown or ("" if label is not None else part.strip()[:40])
            labels.append(UNLABELLED if label is None else label)
    return Spoken(max(labels), unknown) if labels else None


def _plain(text: str) -> str:
    return _NOISE.sub("", unicodedata.normalize("NFKC", text)).casefold().rstrip(".。!")
