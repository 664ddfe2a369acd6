"""Which model names are never local, whatever server they are asked of; pure."""

from __future__ import annotations

from rag.errors import NotProvablyLocal

_CLOUD_ENDINGS = (":cloud", "-cloud")


def is_cloud_name(model: str) -> bool:
    """Whether Ollama runs `model` on its own cloud: tags such as `glm-4.6:cloud` and `gpt-oss:120b-cloud`."""
    return model.strip().lower().removesuffix(":latest").endswith(_CLOUD_ENDINGS)


def refuse_cloud_name(model: str) -> None:
    """Raise for a model that a cloud runs.

    Raises:
        NotProvablyLocal: the name says so.
    """
    if is_cloud_name(model):
        raise NotProvablyLocal("a model whose tag ends in 'cloud' runs on another host")
