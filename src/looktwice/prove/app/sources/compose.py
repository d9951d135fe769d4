"""The command of the service that is built from this project, in a compose file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from looktwice.prove.app.plan import Command, Origin
from looktwice.prove.app.sources import rewrite

_FILES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml", "docker-compose.dev.yml")


def start(root: Path) -> Command | None:
    for name in _FILES:
        path = root / name
        if path.is_file():
            for service, command, line in _built(path):
                words = rewrite.words(command) if isinstance(command, str) else rewrite.fit([str(w) for w in command])
                if service and words:
                    return Command(words, Origin(name, line))
    return None


def _built(path: Path) -> list[tuple[str, Any, int]]:
    """Service, command and line of every service with `build` and `command`."""
    try:
        import yaml  # type: ignore[import-untyped]
    except ImportError:  # the extra `prove` brings it; without it this source says nothing
        return []
    try:
        document = yaml.safe_load(path.read_text("utf-8", "replace")) or {}
    except yaml.YAMLError:
        return []
    services = document.get("services") if isinstance(document, dict) else None
    if not isinstance(services, dict):
        return []
    lines = path.read_text("utf-8", "replace").splitlines()
    result = []
    for name, service in services.items():
        if isinstance(service, dict) and "build" in service and service.get("command"):
            line = next((number for number, text in enumerate(lines, 1) if text.strip().startswith(f"{name}:")), 0)
            result.append((str(name), service["command"], line))
    return result
