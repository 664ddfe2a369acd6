"""Makes a follow-up question stand alone, in plain code, so that no model sees the conversation for it; pure.

A follow-up leaves out what the last question named ("how long does it take?", "那費用呢？"). What is searched for is
then the topic of the earlier question and the new one together; or, where the new one only names another thing of
the same kind ("and the QH-300?"), the earlier question about that thing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.retrieval.text import IDEOGRAPHS

DEPTH = 3
"""Follow-ups in a row that are traced back to the question they began with."""

NAMES_ENOUGH = 5
"""Words from which a question that merely begins with `and` or 那 names its own topic."""

_LEAD = re.compile(
    r"^\s*(?:(?:and|but|so|then|also|or|ok(?:ay)?|well)\b[\s,]*)*(?:(?:what|how) about\b|(?:and|but|then|also)\b)"
    r"|^\s*(?:那麼|那么|那|還有|还有|另外|然後|然后|至於|至于|而)[\s，,]*(?![些個个])",
    re.IGNORECASE,
)
_TAIL = re.compile(r"呢[\s？?。!！]*$")
_POINTING = re.compile(
    r"\b(?:it|its|they|them|their|theirs|this|these|those|that one|the same|he|him|his|she|her|there|such)\b"
    r"|(?:is|was|does|about|of|for|with|on) that\b"
    r"|[它他她牠]|這[個些項份樣種]|那[個些項份樣種]|这[个些项份样种]|那[个项样种]|上述|前者|後者|后者|同樣|同样|該[項份]|该[项份]",
    re.IGNORECASE,
)
_EMPTY_IT = re.compile(
    r"\b(?:is|was|would) it (?:possible|allowed|true|ok|okay|necessary|required|permitted|safe|legal|mandatory)\b"
    r"|\b(?:is|are) there\b|\bthere (?:is|are)\b|[其]他",
    re.IGNORECASE,
)
_IDENTIFIER = re.compile(
    r"(?<![A-Za-z0-9])(?=[A-Za-z0-9.-]*\d)(?=[A-Za-z0-9.-]*[A-Za-z.-])[A-Za-z0-9]+(?:[-.][A-Za-z0-9]+)*"
)
_WORD = re.compile(rf"[^\W_{IDEOGRAPHS}]+(?:[-./'’][^\W_{IDEOGRAPHS}]+)*|[{IDEOGRAPHS}]+")
_ASKING = re.compile(
    "什麼時候|什么时候|為什麼|为什么|為何|为何|多少錢|多少钱|怎麼樣|怎么样|怎麼|怎么|怎樣|怎样|如何|什麼|什么|哪一[個种種些]|哪[個个些裡里]|哪"
    "|幾[天點个個年月次]|几[天点个年月次]|多[少久長长大高遠远]|是否|可不可以|可以|可否|能不能|能否|應該|应该|需要|請問|请问|誰|谁|[嗎吗呢吧的了是要有會会能得]"
)
_GRAMMAR = frozenset(
    re.findall(
        r"\w+",
        """
        a about all also am an and any are as at be been but by can could did do does for from had has have he her his
        how i if in into is it its many may me much must my of on or our shall she should so than that the their them
        then there these they this those to us was we were what when where which who whom whose why will with would you
        your please tell long often soon
        """,
    )
)


def condense(question: str, earlier: Sequence[str]) -> str:
    """What to search for: `question` itself when it stands alone, else joined with what it leaves out.

    Args:
        question: what was asked just now.
        earlier: the conversation's earlier questions, newest last.
    """
    before = [text for text in earlier if text.strip()][-DEPTH:]
    if not before or not is_follow_up(question):
        return question
    last = condense(before[-1], before[:-1])
    return _exchange(question, last) or f"{_topic(last)} {question.strip()}".strip()


def is_follow_up(question: str) -> bool:
    """Whether `question` leans on an earlier one: by how it begins or ends, by pointing words, or by naming nothing."""
    if _TAIL.search(question) or (_LEAD.search(question) and _names(question) < NAMES_ENOUGH):
        return True
    if _POINTING.search(_EMPTY_IT.sub(" ", question)):
        return True
    return not _IDENTIFIER.search(question) and _names(question) <= 1


def _names(question: str) -> float:
    """How much is left without grammar: an English word counts 1, two ideographs count 1."""
    left = _content(question)
    ideographs = sum(len(word) for word in left if re.match(f"[{IDEOGRAPHS}]", word))
    words = sum(not re.match(f"[{IDEOGRAPHS}]", word) for word in left)
    return words + ideographs / 2


def _content(text: str) -> list[str]:
    return [word for word in _WORD.findall(_ASKING.sub(" ", text)) if word.lower() not in _GRAMMAR]


def _topic(text: str) -> str:
    return " ".join(_content(text))


def _exchange(question: str, last: str) -> str | None:
    """The earlier question with its identifier exchanged, when the new one names another and little else."""
    named, before = _IDENTIFIER.findall(question), _IDENTIFIER.findall(last)
    rest = _IDENTIFIER.sub(" ", _TAIL.sub("", _LEAD.sub("", question)))
    if len(named) != 1 or len(before) != 1 or named == before or _content(rest):
        return None
    return last.replace(before[0], named[0])
