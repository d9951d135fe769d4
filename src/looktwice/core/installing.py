"""How an extra is added to this installation: looktwice is on no package index, and each installer has its own way."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from looktwice.core.quoting import shell

INSTALLERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("pipx_metadata.json", ("pipx", "install", "--force")),
    ("uv-receipt.toml", ("uv", "tool", "install", "--force")),
)
"""The file by which an environment shows who manages it, and how that one installs."""


class Origin(Struct, frozen=True):
    """What looktwice was installed from: the path of a wheel or of a clone, "" when it is unknown or gone."""

    path: str = ""
    is_editable: bool = False


def advice(extra: str) -> str:
    """What to run, in words and as commands, so that this installation has `extra` too."""
    return advice_for(extra, origin(), Path(sys.prefix))


def advice_for(extra: str, source: Origin, environment: Path) -> str:
    """The advice for an installation from `source` in the folder `environment`."""
    command = installer(environment)
    if source.path:
        editable = ("-e",) if source.is_editable else ()
        return f"Install it: {shell(*command, *editable, f'{source.path}[{extra}]')}"
    from looktwice import __version__

    wheel = f"./dist/looktwice-{__version__}-py3-none-any.whl[{extra}]"
    return f"Install it: in a clone of looktwice, run `make wheel`, then: {shell(*command, wheel)}"


def installer(environment: Path) -> Sequence[str]:
    """The command that installs into an environment: of its manager, else pip; uv where there is no pip."""
    for mark, command in INSTALLERS:
        if (environment / mark).is_file():
            return command
    if any(environment.glob("lib/python*/site-packages/pip")) or (environment / "Lib/site-packages/pip").is_dir():
        return ("pip", "install")
    try:
        made_by_uv = "\nuv = " in (environment / "pyvenv.cfg").read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        made_by_uv = False
    return ("uv", "pip", "install", "--python", str(environment)) if made_by_uv else ("pip", "install")


def origin() -> Origin:
    """From the note that installers leave about what does not come from an index (PEP 610)."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        note = distribution("looktwice").read_text("direct_url.json")
    except PackageNotFoundError:
        note = None
    return origin_in(note or "")


def origin_in(note: str) -> Origin:
    """The origin that the content of a direct_url.json names; an unknown one for anything else than a path that is
    there."""
    try:
        content = json.loads(note)
        address = urlsplit(content["url"])
        folder = content.get("dir_info", {})
        path = Path(unquote(address.path))
        if address.scheme != "file" or not (path.is_dir() if "dir_info" in content else path.is_file()):
            return Origin()
        return Origin(str(path), bool(folder.get("editable")))
    except (ValueError, KeyError, TypeError, AttributeError, OSError):
        return Origin()
