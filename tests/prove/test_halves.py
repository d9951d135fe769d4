"""A connection that is lost between two transactions of one request: what is missing is named, and nothing is claimed
to have been done twice because the client's second try did the first half again."""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path

import pytest

from looktwice.core.config import load
from looktwice.core.event import NotProven, Proven
from looktwice.prove.engine import Job, prove

HALVES = Path(__file__).parent / "apps" / "halves.py"
CONFIGURATION = """
[prove]
start = "python halves.py {port}"
database = ["DATABASE_URL"]
health = "/"
seed = ["schema.sql"]
requests = [
  { method = "POST", path = "/edit" }, { method = "POST", path = "/renew" }, { method = "POST", path = "/pay" }
]
"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Endpoint → code and explanation of what was proven on it, else the verdict with its reason."""
    folder = tmp_path_factory.mktemp("halves")
    folder.chmod(0o755)
    shutil.copy(HALVES, folder)
    (folder / "schema.sql").write_text(runpy.run_path(str(HALVES))["SCHEMA"])
    (folder / "looktwice.toml").write_text(CONFIGURATION)
    found: dict[str, str] = {}
    for event in prove(Job(root=folder, settings=load(folder), only=("connection-lost",))):
        if isinstance(event, Proven):
            path = event.trace.lanes[0].path
            found[path] = f"{found.get(path, '')}{event.code} {event.trace.explanation}\n"
        elif isinstance(event, NotProven):
            found[event.endpoint.removeprefix("POST ")] = f"{event.verdict} {event.why}"
    return found


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("/edit", ["LT606", "nothing is written to undo_history; the client tries again and gets 200",
                   "2 rows are written to item instead of 1"]),
        ("/renew", ["LT606", "1 of 2 rows are written to token; the client tries again and gets 401"]),
    ],
)  # fmt: skip
def test_what_is_missing_is_named(outcomes, path, parts):
    for part in parts:
        assert part in outcomes[path]
    assert "two requests" not in outcomes[path]


def test_one_transaction_has_no_halves(outcomes):
    """When only its reply is lost the second try does all of it again: twice that, and reported, but no defect of its
    own without a key to know it again by."""
    text = outcomes["/pay"]
    assert text.startswith("inconclusive COMMIT is carried out and its reply lost") and "all of it was done" in text
    assert "2 rows are written to item instead of 1, 2 rows are written to receipt instead of 1" in text
