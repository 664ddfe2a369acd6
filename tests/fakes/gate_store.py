"""A store in memory with the few methods the gate reads; answers as `rag.store.Store` does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from rag.errors import NotFound
from rag.policy.labels import Label, LabelSource
from rag.policy.mask import Vault
from rag.policy.spans import Span
from rag.records import (
    ChatId,
    Chunk,
    ChunkId,
    DocumentId,
    Message,
    MessageId,
    MessageStatus,
    Question,
    QuestionId,
    Role,
)

CHAT = ChatId("chat-1")


@dataclass(frozen=True, slots=True)
class Info:
    """What is known of a chunk's document."""

    document_id: DocumentId
    path: str
    title: str
    source_name: str
    label: Label
    label_source: LabelSource
    local_only: bool


@dataclass
class MemoryStore:
    """Rows by id; tests change them between the route and the gate's own look."""

    rows: dict[ChunkId, tuple[Chunk, Info]] = field(default_factory=dict)
    asked: dict[QuestionId, Question] = field(default_factory=dict)
    spoken: dict[ChatId, list[Message]] = field(default_factory=dict)
    marks: dict[ChatId, Label] = field(default_factory=dict)
    found: dict[str, tuple[Span, ...]] = field(default_factory=dict)
    vaults: dict[ChatId, Vault] = field(default_factory=dict)
    depth: int = 0

    def add_chunk(
        self,
        text: str,
        label: Label = Label.PUBLIC,
        *,
        local_only: bool = False,
        source: LabelSource = LabelSource.OWNER,
    ) -> ChunkId:
        """A document of one chunk."""
        number = len(self.rows) + 1
        chunk = Chunk(ChunkId(number), DocumentId(number), 0, text, None, (), 0, len(text))
        path = f"file-{number}.md"
        info = Info(DocumentId(number), path, path, "folder", label, source, local_only)
        self.rows[chunk.id] = (chunk, info)
        return chunk.id

    def add_question(self, text: str, label: Label = Label.PUBLIC, *, local_only: bool = False) -> QuestionId:
        """A question at the end of the one conversation."""
        message = self.add_message(Role.USER, text)
        question = Question(QuestionId(len(self.asked) + 1), CHAT, message, text, text, label, local_only)
        self.asked[question.id] = question
        return question.id

    def add_message(self, role: Role, text: str, chat: ChatId = CHAT) -> MessageId:
        """A message at the end of a conversation."""
        number = MessageId(sum(map(len, self.spoken.values())) + 1)
        message = Message(number, chat, role, text, MessageStatus.COMPLETE, "2026-11-23T00:00:00Z")
        self.spoken.setdefault(chat, []).append(message)
        return number

    def relabel(self, chunk: ChunkId, label: Label) -> None:
        """Change a document's label."""
        stored, info = self.rows[chunk]
        self.rows[chunk] = (
            stored,
            Info(
                info.document_id,
                info.path,
                info.title,
                info.source_name,
                label,
                LabelSource.OWNER,
                info.local_only,
            ),
        )

    @contextmanager
    def reading(self) -> Iterator[None]:
        """A snapshot; the methods below insist on being inside one."""
        self.depth += 1
        try:
            yield
        finally:
            self.depth -= 1

    def question(self, id: QuestionId) -> Question:
        assert self.depth == 1
        if id not in self.asked:
            raise NotFound(f"question {id}")
        return self.asked[id]

    def chat_label(self, id: ChatId) -> Label:
        assert self.depth == 1
        return self.marks.get(id, Label.PUBLIC)

    def messages(self, chat_id: ChatId) -> list[Message]:
        assert self.depth == 1
        return list(self.spoken.get(chat_id, []))

    def chunks(self, ids: Sequence[ChunkId]) -> list[Chunk]:
        assert self.depth == 1
        return [self.rows[id][0] for id in ids if id in self.rows]

    def spans(self, texts: Sequence[str], detector: str) -> dict[str, tuple[Span, ...]]:
        assert self.depth == 1
        return {text: self.found[text] for text in texts if text in self.found}

    def vault(self, chat_id: ChatId) -> Vault | None:
        assert self.depth == 1
        held = self.vaults.get(chat_id)
        return None if held is None else Vault(held.tag, held.entries)

    def chunk_evidence(self, ids: Sequence[ChunkId]) -> dict[ChunkId, Info]:
        assert self.depth == 1
        return {id: self.rows[id][1] for id in ids if id in self.rows}
