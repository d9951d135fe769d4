"""Text of a project as a literal of another language, so that it stays text there, whatever it holds.

The functions for literals give a whole one, quotes included. Letters of any script stay readable; what cannot be seen
is written as an escape, so that no mark in it can reorder the line for whoever reviews it.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Sequence
from typing import Any

from looktwice.core.visible import escape, is_shown, line

_PRAGMA = re.compile(r"@(?!(?<=[\w.+-]@)[\w-]+\.\w)")
"""An @ that is not within an e-mail address. Test runners look for `@jest-environment` anywhere in a file."""

_ELEMENT = re.compile(r"<(?=/?script|!--)", re.IGNORECASE)
_PROTOTYPE = re.compile(r'^(\s*)"__proto__": ', re.MULTILINE)
_EXAMPLE = re.compile(r"^(\s*)>>>")


def python(text: str) -> str:
    """A string literal of Python, in double quotes."""
    return _escaped(json.dumps(text, ensure_ascii=False), escape)


def docstring(lines: Sequence[str]) -> list[str]:
    """The lines as a docstring of Python, in which doctest finds no example to run."""
    text = "\n".join(_EXAMPLE.sub(r"\1\\>>>", it) for it in lines)
    text = _escaped(text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"'), escape)
    if text.startswith('"'):
        text = "\\" + text
    return f'"""{text}\n"""'.split("\n")


def javascript(value: Any, indent: int | None = None) -> str:
    """A literal of JavaScript and TypeScript for a value that JSON can hold; safe within a script element too."""
    text = _ELEMENT.sub(r"\\u003c", _PRAGMA.sub(r"\\u0040", json.dumps(value, ensure_ascii=False, indent=indent)))
    if indent:
        text = _PROTOTYPE.sub(r'\1["__proto__"]: ', text)  # a key like others; the bare word sets the prototype
    return _escaped(text, lambda it: json.dumps(it)[1:-1])


def javascript_comment(text: str) -> str:
    """One line for a block comment of JavaScript and TypeScript: it neither ends the comment nor instructs a tool."""
    return _PRAGMA.sub("@ ", line(text).replace("*/", "* /"))


def toml(text: str) -> str:
    """A basic string of TOML. Lone surrogates, which TOML cannot hold, become question marks."""
    return _escaped(json.dumps(text.encode("utf-8", "replace").decode(), ensure_ascii=False), _toml_escape)


def toml_key(text: str) -> str:
    """A key of TOML: bare where that is allowed, a basic string otherwise."""
    return text if re.fullmatch(r"[A-Za-z0-9_-]+", text) else toml(text)


def shell(*words: str) -> str:
    """A command to be copied into a shell: each word stays one word. `$'…'` is for what cannot be seen."""
    return " ".join(shlex.quote(it) if all(map(is_shown, it)) else _shell_bytes(it) for it in words)


def _escaped(text: str, escaping: Callable[[str], str]) -> str:
    """Line breaks stay: none is left within a literal."""
    return "".join(it if it == "\n" or is_shown(it) else escaping(it) for it in text)


def _toml_escape(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _shell_bytes(word: str) -> str:
    plain = (chr(it) if 0x20 <= it < 0x7F and it not in b"'\\" else f"\\x{it:02x}" for it in _bytes(word))
    return f"$'{''.join(plain)}'"


def _bytes(word: str) -> bytes:
    try:
        return word.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return word.encode("utf-8", "replace")
