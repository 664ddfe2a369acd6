"""Choosing a precision: what the CPU can do, and how close is close enough."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rag.retrieval.export import agrees, compare, has_fast_int8
from rag.retrieval.prepared import Agreement


@pytest.mark.parametrize(
    ("line", "fast"),
    [
        ("flags\t\t: fpu avx2 avx512f avx512_vnni", True),
        ("flags\t\t: fpu avx2 avx_vnni", True),
        ("Features\t: fp asimd asimddp", True),
        ("flags\t\t: fpu sse4_2 avx2 avx512f", False),
        ("model name\t: avx512_vnni", False),
    ],
)
def test_int8_is_chosen_by_the_cpus_own_flags(tmp_path: Path, line: str, fast: bool) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor\t: 0\n{line}\n")
    assert has_fast_int8(cpuinfo) is fast


def test_a_machine_that_does_not_say_gets_fp32(tmp_path: Path) -> None:
    assert not has_fast_int8(tmp_path / "none")


def test_agreement_is_the_mean_and_least_cosine() -> None:
    one = np.eye(2, dtype=np.float32)
    other = np.array([[1, 0], [0.6, 0.8]], dtype=np.float32)
    assert compare(one, other) == Agreement(mean=0.9, least=0.8)


@pytest.mark.parametrize(
    ("precision", "agreement", "enough"),
    [
        ("int8", Agreement(0.991, 0.968), True),
        ("int8", Agreement(0.991, 0.90), False),
        ("int8", Agreement(0.95, 0.95), False),
        ("fp32", Agreement(1.0, 0.9999), True),
        ("fp32", Agreement(0.991, 0.968), False),
    ],
)
def test_each_precision_has_its_own_threshold(precision: str, agreement: Agreement, enough: bool) -> None:
    assert agrees(precision, agreement) is enough
