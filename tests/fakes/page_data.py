"""What the fake page server shows: an invented organisation's documents, answers, records and status."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def both(english: str, chinese: str) -> dict[str, str]:
    """A sentence in both languages."""
    return {"en": english, "zh-TW": chinese}


QUESTIONS = [
    both("How many days of annual leave does a new colleague get?", "新進同仁第一年有幾天特休？"),
    both("What does the QH-200 need before its first start?", "QH-200 首次啟動前需要做什麼？"),
    both("What is the salary band of a senior engineer?", "資深工程師的薪資範圍是多少？"),
    both("Which visitors may enter the laboratory, and when?", "哪些訪客可以進入實驗室？什麼時候？"),
]

PASSAGE_TEXT = (
    "Every colleague is granted fifteen days of annual leave in the first full calendar year. Days that are "
    "not taken by 31 March of the following year lapse, unless the team lead has agreed in writing."
)

PASSAGES: list[Json] = [
    {
        "rank": 1,
        "chunk_id": 11,
        "document_id": 1,
        "path": "handbook/leave.md",
        "title": "Leave and absence",
        "source": "Northwind handbook",
        "page": None,
        "heading": ["Leave and absence", "Annual leave"],
        "label": "public",
        "label_source": "labels.toml",
        "score": 0.92,
        "text": PASSAGE_TEXT,
    },
    {
        "rank": 2,
        "chunk_id": 12,
        "document_id": 2,
        "path": "handbook/onboarding.pdf",
        "title": "Your first ninety days",
        "source": "Northwind handbook",
        "page": 3,
        "heading": [],
        "label": "public",
        "label_source": "labels.toml",
        "score": 0.71,
        "text": "Leave requests are sent to the team lead at least five working days ahead.",
    },
    {
        "rank": 3,
        "chunk_id": 13,
        "document_id": 3,
        "path": "people/薪資與職級.docx",
        "title": "薪資與職級對照表",
        "source": "People team",
        "page": None,
        "heading": ["職級"],
        "label": "confidential",
        "label_source": "front matter",
        "score": 0.64,
        "text": "資深工程師的年薪範圍為新台幣 150 萬至 190 萬元。",
    },
]

ANSWER = (
    "New colleagues get **fifteen days** of annual leave in their first full calendar year [1].\n\n"
    "- Requests go to the team lead at least five working days ahead [2].\n"
    "- Unused days lapse on **31 March** of the following year, unless the lead agreed in writing [1].\n"
)

WHY: dict[str, dict[str, str]] = {
    "cloud": both(
        "Everything used for this answer is public, which may go to the cloud.",
        "這個回答用到的內容機密等級為「公開」，可以送到雲端。",
    ),
    "local": both(
        "1 of the passages used are confidential, so they stay on this computer.",
        "用到的段落中有 1 段為「機密」，因此留在本機。",
    ),
    "quotes": both(
        "No local model is connected, so the answer is made of extracts from your documents.",
        "尚未連接本機模型，因此以文件的原文摘錄作答。",
    ),
}

WRITERS: dict[str, Json] = {
    "cloud": {
        "zone": "cloud",
        "answerer": "cloud",
        "provider": "openai",
        "model": "gpt-5-mini",
        "label": "public",
    },
    "local": {
        "zone": "local",
        "answerer": "local",
        "provider": "ollama",
        "model": "qwen3:4b",
        "label": "confidential",
    },
    "quotes": {
        "zone": "local",
        "answerer": "quotes",
        "provider": "quotes",
        "model": "",
        "label": "confidential",
    },
}


def cite(number: int) -> Json:
    """The citation of passage `number`."""
    wanted = ("chunk_id", "document_id", "path", "title", "page", "heading", "label")
    return {"number": number, **{key: PASSAGES[number - 1][key] for key in wanted}}


def reasons(writer: str) -> list[Json]:
    """The one reason for `writer`."""
    codes = {"cloud": "label_allows_cloud", "local": "label_passages", "quotes": "no_local_model"}
    return [{"code": codes[writer], "params": {}, "text": WHY[writer]}]


def badge(writer: str, receipt_id: int) -> Json:
    """The badge under an answer by `writer`."""
    return {
        **WRITERS[writer],
        "why": WHY[writer],
        "reasons": reasons(writer),
        "receipt_id": receipt_id,
        "seconds": 2.41,
        "fallback": False,
    }


def receipt(receipt_id: int, writer: str, *, status: str = "complete", at: str = "2026-03-04T08:15:30Z") -> Json:
    """A Sending record."""
    cloud = writer == "cloud"
    return {
        **WRITERS[writer],
        "id": receipt_id,
        "chat_id": "c1",
        "question_id": 1,
        "message_id": 2,
        "created_at": at,
        "why": WHY[writer],
        "reasons": reasons(writer),
        "chunks": [{"id": one["chunk_id"], "label": one["label"]} for one in PASSAGES[: 2 if cloud else 3]],
        "status": status,
        "steps": [f"{WRITERS[writer]['answerer']}: {status}"],
        "tokens_in": 1184 if cloud else None,
        "tokens_out": 142 if cloud else None,
        "bytes_out": 5312 if cloud else None,
        "request_digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" if cloud else None,
        "seconds": {"embed": 0.008, "dense": 0.002, "lexical": 0.004, "first_token": 0.62, "total": 2.41},
        "mac": f"{receipt_id:064x}",
    }


def status() -> Json:
    """What answers, what is indexed, what needs attention."""
    return {
        "answers": {
            "kind": "cloud",
            "why": both(
                "Where the sensitivity allows it, openai (gpt-5-mini) answers; "
                "the rest is answered by qwen3:4b on this computer.",
                "機密等級允許時由 openai（gpt-5-mini）回答，其餘由本機的 qwen3:4b 回答。",
            ),
        },
        "mode": "by-label",
        "guards": [
            {
                "name": "network",
                "in_force": True,
                "text": both("The part that reads your documents has no network.", "讀取文件的部分沒有網路。"),
            },
            {
                "name": "cage",
                "in_force": True,
                "text": both("Files are opened in a locked-down process.", "檔案在受限的程序中開啟。"),
            },
            {
                "name": "encrypt",
                "in_force": False,
                "text": both("The store is not encrypted on disk.", "磁碟上的資料尚未加密。"),
            },
        ],
        "documents": 25,
        "chunks": 143,
        "failed": 1,
        "unlabelled": [{"source_id": 3, "name": "Reading list", "count": 4}],
        "notices": [
            {
                "code": "unknown_share",
                "text": both(
                    "The embedding model reads little Chinese; a multilingual model finds more.",
                    "目前的嵌入模型較不懂中文，改用多語模型可找到更多。",
                ),
                "command": "airlock models prepare intfloat/multilingual-e5-small",
            }
        ],
        "models": {
            "local": [
                {"provider": "ollama", "name": "qwen3:4b", "note": "2.6 GB", "fits": True},
                {
                    "provider": "ollama",
                    "name": "gpt-oss:120b",
                    "note": "65 GB, too large for this memory",
                    "fits": False,
                },
            ],
            "cloud": {
                "provider": "openai",
                "model": "gpt-5-mini",
                "host": "api.openai.com",
                "ready": True,
                "why": None,
            },
        },
        "sample": {"present": True, "source_id": 1},
        "questions": QUESTIONS,
        "ingest": None,
    }


def sources() -> list[Json]:
    """The folders."""
    row = {"local_only": False, "sample": False, "failed": 0, "unlabelled": 0}
    return [
        {
            **row,
            "id": 1,
            "name": "Northwind handbook",
            "root": "/srv/airlock/corpus",
            "default_label": "public",
            "sample": True,
            "documents": 14,
        },
        {
            **row,
            "id": 2,
            "name": "People team",
            "root": "/srv/papers/people",
            "default_label": "confidential",
            "local_only": True,
            "documents": 8,
            "failed": 1,
        },
        {
            **row,
            "id": 3,
            "name": "Reading list",
            "root": "/srv/papers/reading",
            "default_label": None,
            "documents": 4,
            "unlabelled": 4,
        },
    ]


def documents() -> list[Json]:
    """Every document, one of them failed."""
    row = {"status": "ready", "reason": "", "updated_at": "2026-03-04T08:10:00Z", "chunks": 6}
    listed = [
        {
            **row,
            "id": 1,
            "source_id": 1,
            "source": "Northwind handbook",
            "path": "handbook/leave.md",
            "title": "Leave and absence",
            "format": "markdown",
            "label": "public",
            "label_source": "labels.toml",
            "pages": None,
            "size": 8312,
        },
        {
            **row,
            "id": 2,
            "source_id": 1,
            "source": "Northwind handbook",
            "path": "handbook/onboarding.pdf",
            "title": "Your first ninety days",
            "format": "pdf",
            "label": "public",
            "label_source": "labels.toml",
            "pages": 12,
            "size": 482_113,
        },
        {
            **row,
            "id": 3,
            "source_id": 2,
            "source": "People team",
            "path": "people/薪資與職級.docx",
            "title": "薪資與職級對照表",
            "format": "docx",
            "label": "confidential",
            "label_source": "front matter",
            "pages": None,
            "size": 31_200,
        },
        {
            **row,
            "id": 4,
            "source_id": 3,
            "source": "Reading list",
            "path": "attention.html",
            "title": "Notes on attention",
            "format": "html",
            "label": "confidential",
            "label_source": "default",
            "pages": None,
            "size": 18_040,
        },
        {
            **row,
            "id": 5,
            "source_id": 2,
            "source": "People team",
            "path": "people/board-minutes.docx",
            "title": "Board minutes, February",
            "format": "docx",
            "label": "restricted",
            "label_source": "owner",
            "pages": None,
            "size": 22_870,
        },
        {
            **row,
            "id": 6,
            "source_id": 1,
            "source": "Northwind handbook",
            "path": "guides/qh-200.md",
            "title": "QH-200 quick start",
            "format": "markdown",
            "label": "internal",
            "label_source": "labels.toml",
            "pages": None,
            "size": 12_400,
        },
    ]
    failed = {
        **row,
        "id": 7,
        "source_id": 2,
        "source": "People team",
        "path": "people/old-scan.pdf",
        "title": "",
        "format": "pdf",
        "status": "failed",
        "reason": "The file is encrypted; save a copy without a password.",
        "label": "confidential",
        "label_source": "default",
        "pages": None,
        "size": 90_001,
        "chunks": 0,
    }
    return [*listed, failed]


LEFT_OUT = [{"path": "board/budget-2027.docx", "title": "Draft budget 2027", "label": "confidential"}]
"""Documents that would be left out of a question that could go to the cloud without them."""
