"""`python -m tests.fakes.tiny_bert FOLDER`: a random two-layer BERT as a sentence-transformers model."""

from __future__ import annotations

import sys
from pathlib import Path

WORDS = ("the", "a", "of", "warranty", "calibration", "gateway", "takes", "three", "days", "device", *"保固年多久三")


def build(folder: Path) -> None:
    """Write the model into `folder`."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling
    from transformers import BertConfig, BertModel, BertTokenizerFast

    torch.manual_seed(7)
    bare = folder.with_name(folder.name + "-bare")
    bare.mkdir()
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    (bare / "vocab.txt").write_text("\n".join(vocabulary), "utf-8")
    BertTokenizerFast(str(bare / "vocab.txt")).save_pretrained(bare)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(bare, safe_serialization=True)
    transformer = Transformer(str(bare), max_seq_length=48)
    SentenceTransformer(modules=[transformer, Pooling(32)]).save(str(folder))


if __name__ == "__main__":
    build(Path(sys.argv[1]))
