"""Makes a tiny random Llama as a GGUF file, and serves it with llama.cpp's own server (xllamacpp).

What it writes is noise; what is real is the server: protocol, stream, usage, limits and what Stop does to it.
`python -m tests.fakes.tiny_gguf FILE` makes the model; with `--port N` it is served as well.
"""

from __future__ import annotations

import argparse
import contextlib
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

VOCABULARY = 512
WIDTH = 64
HEADS = 4
LAYERS = 2
FEED_FORWARD = 128
CONTEXT = 4096

_SAMPLES = (
    "The warranty of the instrument is thirty-six months from the day of delivery.",
    "Answer the question from the excerpts and cite them by number.",
    "保固期間為出貨日起三十六個月，特休假依年資計算。",
    "請依照文件內容回答問題，並標註引用編號。",
)
_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
CITING = 'root ::= "The answer is " [a-z]{3,12} " [1]."'
"""A grammar for answers that cite."""

_SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")


def make_tiny_gguf(path: Path) -> None:
    """Write the model: two layers of width 64, random weights from a fixed seed, a small byte-level BPE."""
    import gguf
    import numpy as np

    vocabulary, merges = _train_tokenizer()
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name("tiny-noise")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_vocab_size(len(vocabulary))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(vocabulary)
    kinds = [gguf.TokenType.CONTROL if token in _SPECIAL else gguf.TokenType.NORMAL for token in vocabulary]
    writer.add_token_types(kinds)
    writer.add_token_merges(merges)
    writer.add_bos_token_id(vocabulary.index("<|endoftext|>"))
    writer.add_eos_token_id(vocabulary.index("<|im_end|>"))
    writer.add_add_bos_token(False)
    writer.add_chat_template(_TEMPLATE)

    random = np.random.default_rng(7)

    def add(name: str, *shape: int) -> None:
        writer.add_tensor(name, (random.standard_normal(shape) * 0.05).astype(np.float32))

    def add_norm(name: str) -> None:
        writer.add_tensor(name, np.ones(WIDTH, dtype=np.float32))

    add("token_embd.weight", len(vocabulary), WIDTH)
    add_norm("output_norm.weight")
    add("output.weight", len(vocabulary), WIDTH)
    for layer in range(LAYERS):
        add_norm(f"blk.{layer}.attn_norm.weight")
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            add(f"blk.{layer}.{part}.weight", WIDTH, WIDTH)
        add_norm(f"blk.{layer}.ffn_norm.weight")
        add(f"blk.{layer}.ffn_gate.weight", FEED_FORWARD, WIDTH)
        add(f"blk.{layer}.ffn_up.weight", FEED_FORWARD, WIDTH)
        add(f"blk.{layer}.ffn_down.weight", WIDTH, FEED_FORWARD)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _train_tokenizer() -> tuple[list[str], list[str]]:
    """The vocabulary in order of id, and the merges as `left right`."""
    import json

    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(_SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_SAMPLES, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    vocabulary = [token for token, _ in sorted(model["vocab"].items(), key=lambda item: item[1])]
    merges = [" ".join(pair) if isinstance(pair, list) else pair for pair in model["merges"]]
    return vocabulary, merges


def serve_here(model: Path, port: int, *, slots: int, grammar: str) -> None:
    """Run llama.cpp's server in this process until it is killed."""
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(model)
    parameters.n_ctx = CONTEXT * slots
    parameters.n_parallel = slots
    if grammar:
        parameters.sampling.grammar = xllamacpp.CommonGrammar(type=1, grammar=grammar)
    else:
        parameters.sampling.ignore_eos = True
    parameters.cpuparams.n_threads = 1
    parameters.cpuparams_batch.n_threads = 1
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = port
    parameters.use_jinja = True
    parameters.warmup = False
    parameters.endpoint_slots = True
    server = xllamacpp.Server(parameters)
    print(server.listening_address, flush=True)
    while True:
        time.sleep(3600)


@contextlib.contextmanager
def serve(folder: Path, *, slots: int = 1, grammar: str = "") -> Iterator[str]:
    """A running llama.cpp server with the tiny model, in a process of its own; yields its base URL.

    With a `grammar` (GBNF) every answer follows it and ends; without one, it is endless noise.
    """
    model = folder / "tiny-noise.gguf"
    if not model.exists():
        make_tiny_gguf(model)
    port = _free_port()
    command = [sys.executable, "-m", "tests.fakes.tiny_gguf", str(model), "--port", str(port)]
    with (folder / "llama-server.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--slots", str(slots), "--grammar", grammar], stdout=log, stderr=subprocess.STDOUT
        )
        try:
            _await_health(f"http://127.0.0.1:{port}/health", process)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.kill()
            process.wait()


def _await_health(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(f"the llama.cpp server ended with {process.returncode}")
        with (
            contextlib.suppress(urllib.error.URLError, OSError),
            urllib.request.urlopen(url, timeout=1) as answer,
        ):
            if answer.status == 200:
                return
        time.sleep(0.05)
    raise RuntimeError("the llama.cpp server did not start within 30 seconds")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    """Make the model; serve it when a port is given."""
    parser = argparse.ArgumentParser(description="Make a tiny random GGUF model and serve it.")
    parser.add_argument("model", type=Path)
    parser.add_argument("--port", type=int)
    parser.add_argument("--slots", type=int, default=1)
    parser.add_argument("--grammar", default="")
    options = parser.parse_args()
    if not options.model.exists():
        make_tiny_gguf(options.model)
    if options.port is not None:
        serve_here(options.model, options.port, slots=options.slots, grammar=options.grammar)


if __name__ == "__main__":
    main()
