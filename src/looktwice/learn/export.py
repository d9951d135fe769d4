"""The playbook as files: opens from disk or from any web server, without verdicts."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import msgspec

from looktwice.core.errors import LooktwiceError
from looktwice.learn.content import playbook
from looktwice.patterns.catalogue import catalogue

ASSETS = Path(__file__).parent / "assets"
PRELOAD = re.compile(r' *<link rel="preload" [^>]*>\n')  # a page opened from disk cannot preload fonts
DATA = '<script src="assets/playbook.js"></script>\n'


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
        shutil.copytree(
            ASSETS, folder / "assets", dirs_exist_ok=True, ignore=shutil.ignore_patterns("index.html", "built-from.txt")
        )
        data = msgspec.json.encode(playbook(catalogue(), live=False)).decode()
        (folder / "assets" / "playbook.js").write_text(f"window.looktwicePlaybook = {data};\n", encoding="utf-8")
        page = (ASSETS / "index.html").read_text(encoding="utf-8").replace("<!-- data -->\n", DATA)
        (folder / "index.html").write_text(PRELOAD.sub("", page), encoding="utf-8")
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise LooktwiceError(f"cannot export the playbook to {folder}", why, "Name another folder.") from None
    return folder / "index.html"
