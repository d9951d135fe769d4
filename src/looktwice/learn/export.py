"""The playbook as files: opens from disk or from any web server, without verdicts."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from looktwice.core.errors import LooktwiceError
from looktwice.core.writing import write_inside
from looktwice.learn.content import playbook
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
    Raises LooktwiceError when `folder` holds other files or cannot be written.
    """
    require_assets()
    ours = {"index.html", "assets"}
    try:
        if folder.is_dir() and (others := {entry.name for entry in folder.iterdir()} - ours):
            raise LooktwiceError(
                f"cannot export the playbook to {folder}", f"it contains {min(others)}", "Name a new or empty folder."
            )
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise LooktwiceError(f"cannot export the playbook to {folder}", why, "Name another folder.") from None
    for asset in sorted(ASSETS.iterdir()):
        if asset.name not in LEFT_OUT:
            write_inside(folder, f"assets/{asset.name}", asset.read_bytes())
    data = msgspec.json.encode(playbook(catalogue(), live=False)).decode()
    write_inside(folder, "assets/playbook.js", f"window.looktwicePlaybook = {data};\n")
    return write_inside(folder, "index.html", page())


def page() -> str:
    """The built page for a disk: with its lessons and a policy of its own."""
    text = PRELOAD.sub("", (ASSETS / "index.html").read_text(encoding="utf-8"))
    policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}" />\n'
    return text.replace("<!-- data -->\n", DATA).replace(CHARSET, f"{CHARSET}    {policy}")
