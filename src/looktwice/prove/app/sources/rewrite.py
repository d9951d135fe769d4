"""A start command made fit to be run beside another instance: our port, loopback only, one process, no reloading."""

from __future__ import annotations

import re
import shlex

_PORT_VARIABLE = re.compile(r"\$\{PORT(?::?-[^}]*)?\}|\$PORT\b|%PORT%")
_PORT_FLAGS = ("--port", "-p", "--http-port")
_HOST_FLAGS = ("--host", "-h", "--hostname", "-H")
_BIND_FLAGS = ("--bind", "-b")
_DROPPED = {"--reload": 0, "--watch": 0, "--workers": 1, "-w": 1, "--reload-dir": 1}
_SHELL = re.compile(r"[|&;<>`]|\$\(")
_VARIABLE = re.compile(r"\$\{?(\w+)(?::?-([^}]*))?\}?")
_SERVERS = ("uvicorn", "gunicorn", "hypercorn", "granian", "fastapi", "flask", "daphne", "next")


def words(line: str, variables: dict[str, str] | None = None) -> tuple[str, ...] | None:
    """The words of a command line, made fit; None when only a shell could run it.

    variables: values for `$NAME` in it. A default in `${NAME:-default}` counts.
    """
    line = _last_of_sequence(line.strip().removeprefix("exec "))
    line = _PORT_VARIABLE.sub("{port}", line)
    if _SHELL.search(line):
        return None
    known = variables or {}
    line = _VARIABLE.sub(lambda match: known.get(match[1], match[2] or ""), line)
    try:
        given = shlex.split(line)
    except ValueError:
        return None
    assignments = 0
    while assignments < len(given) and re.match(r"[A-Z_][A-Z0-9_]*=", given[assignments]):
        assignments += 1
    return fit(given[assignments:])


def fit(given: list[str]) -> tuple[str, ...] | None:
    """The words with our port and address, without flags that start more processes."""
    if not given:
        return None
    is_server = any(word.rsplit("/", 1)[-1] in _SERVERS for word in given[:4])
    result: list[str] = []
    at = 0
    while at < len(given):
        word, value = given[at], given[at + 1] if at + 1 < len(given) else ""
        name, equals, _ = word.partition("=")
        if is_server and name in _DROPPED:
            at += 1 + (0 if equals else _DROPPED[name])
            continue
        if is_server and name in (*_PORT_FLAGS, *_HOST_FLAGS, *_BIND_FLAGS):
            ours = "{port}" if name in _PORT_FLAGS else "127.0.0.1" if name in _HOST_FLAGS else "127.0.0.1:{port}"
            result += [f"{name}={ours}"] if equals else [name, ours]
            at += 1 if equals or not value else 2
            continue
        result.append(word)
        at += 1
    return tuple(_with_port(result) if is_server else result)


def _with_port(given: list[str]) -> list[str]:
    """A server without a given port would take its usual one, and the second instance could not start."""
    if any("{port}" in word for word in given):
        return given
    program = next(word.rsplit("/", 1)[-1] for word in given if word.rsplit("/", 1)[-1] in _SERVERS)
    if program in ("gunicorn", "hypercorn"):
        return [*given, "--bind", "127.0.0.1:{port}"]
    if program == "flask" and "run" not in given:
        return given
    return [*given, "--port", "{port}"]


def _last_of_sequence(line: str) -> str:
    """`alembic upgrade head && uvicorn app:app` starts the server last; what is before it is set-up."""
    return re.split(r"&&|;", line)[-1].strip() if re.search(r"&&|;", line) else line
