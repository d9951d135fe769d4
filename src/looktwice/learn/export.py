"""The playbook as files: opens from disk or from any web server, without verdicts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from looktwice.core.errors import LooktwiceError
from looktwice.core.writing import check_inside, write_inside
from looktwice.learn.content import playbook
from looktwice.learn.exported import LIST, foreign, list_of, written_before
from looktwice.patterns.catalogue import catalogue

ASSETS = Path(__file__).parent / "assets"
PRELOAD = re.compile(r' *<link rel="preload" [^>]*>\n')  # a page opened from disk cannot preload fonts
DATA = '<script src="assets/playbook.js"></script>\n'
LEFT_OUT = ("index.html", "built-from.txt")
CHARSET = '<meta charset="utf-8" />\n'
POLICY = (  # a page on a disk has no headers; what the served one may do beyond this, talk to its server, it cannot
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'"
)


def require_assets() -> None:
    """Raise LooktwiceError when the built page is missing: a source tree whose assets were deleted."""
    if not (ASSETS / "index.html").is_file():
        raise LooktwiceError("the playbook's page is not built", f"{ASSETS} is empty", "Run `make web` (needs Node).")


def export(folder: Path) -> Path:
    """Write the playbook to `folder`, which is created; returns the page to open.

    A page opened from disk cannot fetch other files, so the lessons are shipped in a script.
    Raises LooktwiceError, before anything is written, when `folder` holds anything that an earlier export has not
    written, and when it cannot be written.
    """
    require_assets()
    files = contents()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in (*files, LIST):
            check_inside(folder, name)
        earlier = written_before(folder)
        if (other := next(iter(foreign(folder, earlier or {})), None)) is not None:
            raise refusal(folder, other, earlier)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise LooktwiceError(f"cannot export the playbook to {folder}", why, "Name another folder.") from None
    write_inside(folder, LIST, list_of(files, earlier or {}))
    return [write_inside(folder, name, data) for name, data in files.items()][-1]


def contents() -> dict[str, bytes]:
    """Every file of an export, by path; the page, which needs the others, comes last."""
    data = msgspec.json.encode(playbook(catalogue(), live=False)).decode()
    return {
        **{f"assets/{it.name}": it.read_bytes() for it in sorted(ASSETS.iterdir()) if it.name not in LEFT_OUT},
        "assets/playbook.js": f"window.looktwicePlaybook = {data};\n".encode(),
        "index.html": page().encode(),
    }


def refusal(folder: Path, other: str, earlier: Mapping[str, str] | None) -> LooktwiceError:
    """Why the folder is not written to. earlier: what an earlier export wrote, None when there was none."""
    why = f"it contains {other}, which looktwice did not write"
    if earlier is not None and other in earlier:
        why = f"{other} was changed since looktwice wrote it"
    return LooktwiceError(f"cannot export the playbook to {folder}", why, "Name a new or empty folder.")


def page() -> str:
    """The built page for a disk: with its lessons and a policy of its own."""
    text = PRELOAD.sub("", (ASSETS / "index.html").read_text(encoding="utf-8"))
    policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}" />\n'
    return text.replace("<!-- data -->\n", DATA).replace(CHARSET, f"{CHARSET}    {policy}")
