"""Whatever a parser of somebody else raises becomes one sentence about the file."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable

import pytest
import sqlglot

from looktwice.core.parsing import NotParsedError, attempt

CASES: dict[str, tuple[str, Callable[[], object], str]] = {
    "a number of five thousand digits": ("TOML", lambda: tomllib.loads("a = " + "9" * 5_000), "it is not valid TOML"),
    "deep brackets": ("TOML", lambda: tomllib.loads("a = " + "[" * 5_000), "its TOML is nested too deeply"),
    "an hour that no day has": ("TOML", lambda: tomllib.loads("t = 25:00:00"), "it is not valid TOML"),
    "deep JSON": ("JSON", lambda: json.loads("[" * 100_000), "its JSON is nested too deeply"),
    "JSON that ends early": ("JSON", lambda: json.loads('{"a":'), "it is not valid JSON"),
    "bytes that are no text": ("JSON", lambda: json.loads(b'"\xff"'.decode()), "it is not UTF-8"),
    "SQL": ("SQL", lambda: sqlglot.parse_one("CREATE TABLE a ((((("), "it is not valid SQL"),
    "an attribute of nothing": ("SQL", lambda: None.this, "it is not valid SQL"),  # type: ignore[attr-defined]
}


@pytest.mark.parametrize("case", CASES)
def test_a_sentence(case: str) -> None:
    language, parse, why = CASES[case]
    with pytest.raises(NotParsedError) as caught:
        attempt(language, parse)
    assert caught.value.why.startswith(why)
    assert len(caught.value.why) < 250
    assert caught.value.why.isprintable()


def test_control_characters_stay_out_of_the_sentence() -> None:
    with pytest.raises(NotParsedError) as caught:
        attempt("TOML", lambda: tomllib.loads("a = 1\nb = \x1b[31m\u202e\n"))
    assert caught.value.why.isprintable()


def test_what_can_be_parsed() -> None:
    assert attempt("TOML", lambda: tomllib.loads("a = 1")) == {"a": 1}


def test_what_is_no_error_of_a_file_goes_through() -> None:
    with pytest.raises(KeyboardInterrupt):
        attempt("TOML", _interrupt)


def _interrupt() -> None:
    raise KeyboardInterrupt
