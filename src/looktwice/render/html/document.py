"""The document: one file that holds everything, runs no script and loads nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from pathlib import Path

from looktwice.render.html.text import escape


def document(title: str, body: Iterable[str], rules: str = "") -> str:
    """A whole page. `rules` are style rules of this document beside the style sheet of all reports.

    The policy allows the two style elements by their hashes and nothing else at all.
    """
    sheet = (Path(__file__).parent / "report.css").read_text("utf-8")
    styles = [it for it in (sheet, rules) if it]
    policy = f"default-src 'none'; style-src {' '.join(map(allowed, styles))}; base-uri 'none'; form-action 'none'"
    elements = "".join(f"<style>{style}</style>" for style in styles)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(title)}</title>{elements}</head>\n<body>{chr(10).join(body)}</body></html>\n"
    )


def allowed(style: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'"
