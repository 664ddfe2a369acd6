"""A reader of questions that looks for nothing but the switch."""

from __future__ import annotations

from collections.abc import Sequence

from rag.own_label import OwnLabel
from rag.policy.labels import Label


class PlainReader:
    def read(self, text: str, earlier: Sequence[str], *, local_only: bool) -> OwnLabel:
        return OwnLabel(Label.RESTRICTED if local_only else Label.PUBLIC)
