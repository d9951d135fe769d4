"""The files of a project as text: what cannot be read is skipped, and no read blocks. `unread` reports it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from looktwice.core.files import UnreadableError
from looktwice.core.parsing import NotParsedError, attempt
from looktwice.core.text import read_text


def text_of(path: Path) -> str:
    """The text of a regular file of ordinary size; "" for anything else."""
    try:
        return read_text(path)
    except UnreadableError:
        return ""


def json_object(path: Path) -> dict[str, Any]:
    """The object that a JSON file holds; empty when it holds none."""
    try:
        return _object(text_of(path))
    except NotParsedError:
        return {}


def why_no_object(text: str) -> str:
    """Why a text is no JSON object; "" when it is one."""
    try:
        _object(text)
    except NotParsedError as error:
        return error.why
    return ""


def _object(text: str) -> dict[str, Any]:
    content = attempt("JSON", lambda: json.loads(text))
    if not isinstance(content, dict):
        raise NotParsedError("it holds no JSON object")
    return content
