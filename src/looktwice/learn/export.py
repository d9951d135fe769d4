"""The playbook as files: opens from a disk or any web server, without verdicts and live runs."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import msgspec

from looktwice.core.errors import LooktwiceError
from looktwice.learn.content import playbook
from looktwice.patterns.catalogue import catalogue

ASSETS = Path(__file__).parent / "assets"
PRELOAD = re.compile(r' *<link rel="preload" [^>]*>\n')  # a page on a disk may use its fonts and not ask for them early
DATA = '<script src="assets/playbook.js"></script>\n'


def built() -> None:
    """Raise LooktwiceError when the page's script is not there: a source tree whose assets were deleted."""
    if not (ASSETS / "index.html").is_file():
        raise LooktwiceError("the playbook's page is not built", f"{ASSETS} is empty", "Run `make web` (needs Node).")


def export(folder: Path) -> Path:
    """Write the playbook to `folder`, which is made; give the page to open.

    A browser lets no page on a disk fetch its neighbours, so the lessons travel in a script.
    Raises LooktwiceError when `folder` holds other files or cannot be written.
    """
    built()
    ours = {"index.html", "assets"}
    try:
        if folder.is_dir() and (others := {entry.name for entry in folder.iterdir()} - ours):
            raise LooktwiceError(
                f"cannot export the playbook to {folder}", f"it holds {min(others)}", "Name a new or empty folder."
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
