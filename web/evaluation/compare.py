"""Sets two evaluations side by side: which questions a change won and which it lost. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from web.evaluation.scores import METRICS

SHUFFLES = 10_000
SEED = 20260207
JUDGED_BY = "nDCG@10"

Evaluation = Mapping[str, Any]


def compare(before: Evaluation, after: Evaluation) -> dict[str, Any]:
    """What `after` does to the questions that both evaluations asked.

    A question is won or lost in its ranking when its nDCG@10 rose or fell, and in its refusal when being refused
    became right or wrong; it can be both.
    """
    old = {one["id"]: one for one in before["results"]}
    new = {one["id"]: one for one in after["results"]}
    both = [id_ for id_ in old if id_ in new]
    changes = [change for id_ in both for change in (_ranking_change(old[id_], new[id_]),) if change]
    changes += [change for id_ in both for change in (_refusal_change(old[id_], new[id_]),) if change]
    changes.sort(key=lambda change: -abs(change["after"] - change["before"]))
    return {
        "before": _name(before),
        "after": _name(after),
        "questions": len(both),
        "only_before": [id_ for id_ in old if id_ not in new],
        "only_after": [id_ for id_ in new if id_ not in old],
        "metrics": _compare_metrics([(old[id_], new[id_]) for id_ in both]),
        "won": [change for change in changes if change["after"] > change["before"]],
        "lost": [change for change in changes if change["after"] < change["before"]],
    }


def chance(differences: Sequence[float]) -> float:
    """How likely a mean difference at least this large is when before and after are interchangeable.

    A paired randomisation test, two-sided: signs of the differences are flipped at random, always in the same way.
    Smucker, Allan and Carterette, "A comparison of statistical significance tests for information retrieval
    evaluation", CIKM 2007. Returns a probability in (0, 1].
    """
    values = np.array([value for value in differences if value], dtype=np.float64)
    if not len(values):
        return 1.0
    generator = np.random.default_rng(SEED)
    observed = abs(values.sum())
    as_large = sum(
        int((np.abs(generator.choice((-1.0, 1.0), (1000, len(values))) @ values) >= observed - 1e-9).sum())
        for _ in range(SHUFFLES // 1000)
    )
    return (as_large + 1) / (SHUFFLES + 1)


def _compare_metrics(pairs: Sequence[tuple[Evaluation, Evaluation]]) -> dict[str, dict[str, float]] | None:
    """Each metric's two means over the same questions, their difference, and the chance of it."""
    scored = [(old["metrics"], new["metrics"]) for old, new in pairs if old["metrics"] and new["metrics"]]
    if not scored:
        return None
    found = {}
    for name in METRICS:
        before, after = ([one[name] for one in side] for side in zip(*scored, strict=True))
        old_mean, new_mean = sum(before) / len(before), sum(after) / len(after)
        found[name] = {
            "before": round(old_mean, 4),
            "after": round(new_mean, 4),
            "difference": round(new_mean - old_mean, 4),
            "p": round(chance([b - a for a, b in zip(before, after, strict=True)]), 4),
        }
    return found


def _ranking_change(old: Evaluation, new: Evaluation) -> dict[str, Any] | None:
    if not old["metrics"] or not new["metrics"] or old["metrics"][JUDGED_BY] == new["metrics"][JUDGED_BY]:
        return None
    return _change("ranking", old, new, old["metrics"][JUDGED_BY], new["metrics"][JUDGED_BY])


def _refusal_change(old: Evaluation, new: Evaluation) -> dict[str, Any] | None:
    if old["refused"] == new["refused"]:
        return None
    return _change("refusal", old, new, *(float(one["refused"] == one["unanswerable"]) for one in (old, new)))


def _change(what: str, old: Evaluation, new: Evaluation, before: float, after: float) -> dict[str, Any]:
    return {
        "id": old["id"],
        "text": old["text"],
        "what": what,
        "before": before,
        "after": after,
        "rank_before": old["rank"],
        "rank_after": new["rank"],
        "first_before": old["found"][0]["document"] if old["found"] else None,
        "first_after": new["found"][0]["document"] if new["found"] else None,
    }


def _name(evaluation: Evaluation) -> dict[str, Any]:
    return {key: evaluation[key] for key in ("set", "created_at", "airlock", "embedding_model", "settings")}
