"""Which requests can be put on the wire at all. One that cannot is an answer like any other: a sentence that says why.

RFC 9112 (the request line) and RFC 9110, 5.5 (the value of a header).
"""

from __future__ import annotations

import re

from looktwice.prove.network.request import Request

LARGEST_BODY = 64 << 20  # bytes

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TARGET = re.compile(r"[\x21-\x7e]+")
_FRAMING = ("content-length", "transfer-encoding")
_NAMES = {" ": "a space", "\n": "a newline", "\r": "a carriage return", "\t": "a tab", "\0": "a zero byte"}


def problem(request: Request) -> str:
    """Why the request cannot be written, in one sentence; "" when it can."""
    return _of_method(request.method) or _of_path(request.path) or _of_headers(request) or _of_body(request)


def _of_method(method: str) -> str:
    return "" if _TOKEN.fullmatch(method) else f"this is not a method: {_shown(method)}"


def _of_path(path: str) -> str:
    if not path.startswith("/"):
        return f"this path is not a URL path: {_shown(path)} does not begin with a slash"
    if _TARGET.fullmatch(path):
        return ""
    letter = next(it for it in path if not _TARGET.fullmatch(it))
    encoded = "".join(f"%{byte:02X}" for byte in letter.encode("utf-8", "surrogatepass"))
    return f"this path is not a URL path: {_shown(path)} holds {_named(letter)}, which is written {encoded}"


def _of_headers(request: Request) -> str:
    for name, value in request.headers:
        if not _TOKEN.fullmatch(name):
            return f"this is not the name of a header: {_shown(name)}"
        letter = next((it for it in value if it in "\r\n\0" or ord(it) > 0xFF), None)
        if letter is not None:
            return f"the header {name} cannot be written: its value holds {_named(letter)}"
        if value != value.strip(" \t"):
            return f"the header {name} cannot be written: its value begins or ends with a space"
        control = next((it for it in value if ord(it) < 0x20 and it != "\t"), None)
        if control is not None:
            return f"the header {name} cannot be written: its value holds {_named(control)}"
    return ""


def _of_body(request: Request) -> str:
    if len(request.body) > LARGEST_BODY:
        return f"the body has {len(request.body):,} bytes: more than {LARGEST_BODY:,} are not sent"
    framing = [(name, value) for name, value in request.headers if name.lower() in _FRAMING]
    if len(framing) > 1:
        return f"the headers {' and '.join(name for name, _ in framing)} both state the length of the body"
    for name, value in framing:
        if name.lower() == "content-length" and value != str(len(request.body)):
            return f"the header {name} states {_shown(value)}, and the body has {len(request.body)} bytes"
        if name.lower() == "transfer-encoding" and value.lower() != "chunked":
            return f"the header {name} states {_shown(value)}, and nothing but chunked is sent"
    return ""


def _named(letter: str) -> str:
    return _NAMES.get(letter) or (f"`{letter}`" if letter.isprintable() else f"the character U+{ord(letter):04X}")


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:80]}…")
