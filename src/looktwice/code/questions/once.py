"""Questions about a function that are answered once, however many detectors ask them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from looktwice.code.ir.summary import FunctionSummary

Rest = ParamSpec("Rest")
Answer = TypeVar("Answer")


def once(
    question: Callable[Concatenate[FunctionSummary, Rest], Answer],
) -> Callable[Concatenate[FunctionSummary, Rest], Answer]:
    """The question, answered once for a function and the same further arguments, which are cheap to hash.

    The answer is kept with the function and must not be changed by whoever gets it.
    """

    @wraps(question)
    def asked(f: FunctionSummary, *rest: Rest.args, **named: Rest.kwargs) -> Answer:
        answers, key = f.answers, (question, rest)
        if key not in answers:
            answers[key] = question(f, *rest, **named)
        found: Answer = answers[key]
        return found

    return asked
