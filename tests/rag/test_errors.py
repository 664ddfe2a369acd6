"""The tree of errors."""

from __future__ import annotations

import inspect

from rag import errors
from rag.errors import AirlockError, EgressRefused, ModelError


def classes() -> list[type[AirlockError]]:
    return [value for value in vars(errors).values() if inspect.isclass(value) and issubclass(value, AirlockError)]


def test_every_error_is_drawn_in_the_tree_and_says_when_it_happens() -> None:
    assert errors.__doc__
    for error in classes():
        assert error.__name__ in errors.__doc__
        assert error.__doc__


def test_no_retry_clause_for_models_can_swallow_a_refusal() -> None:
    refusals = [error for error in classes() if issubclass(error, EgressRefused)]
    assert len(refusals) == 4
    assert not any(issubclass(error, ModelError) for error in refusals)
