"""The command of the service that is built from this project, in a compose file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from looktwice.core.parsing import NotParsedError, attempt
from looktwice.prove.app.plan import Command, Origin
from looktwice.prove.app.sources import rewrite
from looktwice.prove.app.sources.text import text_of

_MERGED_KEYS = 100_000
FILES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml", "docker-compose.dev.yml")


def start(root: Path) -> Command | None:
    for name in FILES:
        path = root / name
        if path.is_file():
            for service, command, line in _built(path):
                words = _words(command)
                if service and words:
                    return Command(words, Origin(name, line))
    return None


def _words(command: Any) -> tuple[str, ...] | None:
    """The words of a command, written as a line or as a list."""
    if isinstance(command, str):
        return rewrite.words(command)
    is_plain = isinstance(command, list) and all(isinstance(word, str | int | float) for word in command)
    return rewrite.fit([str(word) for word in command]) if is_plain else None


def _built(path: Path) -> list[tuple[str, Any, int]]:
    """Service, command and line of every service with `build` and `command`."""
    text = text_of(path)
    try:
        document = _document(text)
    except NotParsedError:
        return []
    services = document.get("services") if isinstance(document, dict) else None
    if not isinstance(services, dict):
        return []
    lines = text.splitlines()
    result = []
    for name, service in services.items():
        if isinstance(service, dict) and "build" in service and service.get("command"):
            line = next((number for number, text in enumerate(lines, 1) if text.strip().startswith(f"{name}:")), 0)
            result.append((str(name), service["command"], line))
    return result


def why_no_document(text: str) -> str:
    """Why a text is no YAML document with names; "" when it is one, or empty."""
    try:
        document = _document(text)
    except NotParsedError as error:
        return error.why
    return "" if document is None or isinstance(document, dict) else "it holds no services"


def _document(text: str) -> Any:
    """What a compose file holds. Raises NotParsedError."""
    try:
        import yaml  # type: ignore[import-untyped]
    except ImportError:
        raise NotParsedError("the extra `prove` is not installed, which reads YAML") from None
    return attempt("YAML", lambda: yaml.load(text, careful(yaml.SafeLoader)))


def careful(loader: type[Any]) -> type[Any]:
    """The loader, which gives up on a file that merges a few keys into millions (`<<: [*a, *a, …]`, level by level)."""

    class Careful(loader):  # type: ignore[misc, valid-type]
        merged = 0

        def flatten_mapping(self, node: Any) -> None:
            super().flatten_mapping(node)
            self.merged += len(node.value)
            if self.merged > _MERGED_KEYS:
                raise ValueError("too many keys are merged")

    return Careful
