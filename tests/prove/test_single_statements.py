"""Two requests that meet in one statement each are judged, not passed over; what reads and writes by what it has read
in one statement is no success, as nothing can be held inside it."""

from __future__ import annotations

import json
import runpy
import shutil
from pathlib import Path

import pytest

from looktwice.core.config import load
from looktwice.core.event import NotProven, Proven
from looktwice.core.quoting import toml
from looktwice.prove.engine import Job, prove
from looktwice.prove.network.wire.operation import Operation, OperationKind
from looktwice.prove.run.ownership import Work, matched
from looktwice.prove.servers.postgres.change import RowChange, Window
from looktwice.prove.servers.postgres.statement import decides_inside

APPS = Path(__file__).parent / "apps"
NODE_MODULES = Path(__file__).parents[2] / "examples" / "candidates" / "node_modules"
APP = runpy.run_path(str(APPS / "single.py"))
CONFIGURATION = """
[prove]
start = "{start}"
database = ["DATABASE_URL"]
seed = ["schema.sql"]
environment = {{ STATEMENTS = {statements} }}
requests = [{requests}]
"""
ONE = "in one statement"
OUTCOMES = [
    ("/auto/add", "commutes", ONE),
    ("/auto/count", "commutes", ONE),
    ("/auto/take", "commutes", ONE),
    ("/auto/once", "protected", "added nothing"),
    ("/auto/note", "commutes", "nothing that one of them reads or writes is written by the other"),
    ("/auto/look", "commutes", "neither request was seen to write anything"),
    ("/auto/missing", "inconclusive", "nothing can be held inside it"),
    ("/auto/next", "inconclusive", "nothing can be held inside it"),
    ("/begin/add", "protected", "lock on public.accounts"),
    ("/begin/once", "protected", "waited for the other's lock"),
    ("/begin/take", "protected", "lock on public.accounts"),
]


def ask(folder: Path, start: str) -> tuple[list[str], list[tuple[str, str, str]]]:
    folder.chmod(0o755)
    (folder / "schema.sql").write_text(APP["SCHEMA"])
    statements = toml(json.dumps(APP["STATEMENTS"]))
    requests = ", ".join(f'{{ method = "POST", path = "{path}" }}' for path, _, _ in OUTCOMES)
    (folder / "looktwice.toml").write_text(CONFIGURATION.format(start=start, statements=statements, requests=requests))
    events = list(prove(Job(root=folder, settings=load(folder), only=("twice",))))
    return (
        [it.trace.lanes[0].path for it in events if isinstance(it, Proven)],
        [(it.endpoint.removeprefix("POST "), it.verdict, it.why) for it in events if isinstance(it, NotProven)],
    )


def compare(proven: list[str], found: list[tuple[str, str, str]]) -> None:
    assert not proven
    assert [it[:2] for it in found] == [it[:2] for it in OUTCOMES], found
    for (path, _, why), (_, _, words) in zip(found, OUTCOMES, strict=True):
        assert words in why, path


@pytest.mark.parametrize("times", [1, pytest.param(20, marks=pytest.mark.thorough)])
def test_single_statements_in_python(tmp_path: Path, times: int) -> None:
    shutil.copy(APPS / "single.py", tmp_path)
    for _ in range(times):
        compare(*ask(tmp_path, "python single.py {port}"))


@pytest.mark.skipif(not NODE_MODULES.is_dir(), reason="run `make examples`: no node_modules")
def test_single_statements_in_node(tmp_path: Path) -> None:
    shutil.copy(APPS / "express_single.mjs", tmp_path)
    (tmp_path / "node_modules").symlink_to(NODE_MODULES)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    compare(*ask(tmp_path, "node express_single.mjs {port}"))


@pytest.mark.parametrize(
    ("windows", "commits", "expected"),
    [
        ([(0.0, 1.0), (1.4, 1.8)], [0.3, 1.6], [0, 1]),
        ([(0.0, 1.0), (1.4, 1.8)], [0.9, 1.5], [0, 1]),
        ([(0.0, 1.0), (0.9, 1.3)], [1.2, 0.95], [1, 0]),  # released while the first was not yet seen to end
        ([(0.0, 1.0), (5.0, 6.0)], [1.2, 4.7], [0, 1]),  # the clocks differ a little
        ([(0.0, 1.0)], [0.5, 9.0], [0, None]),
    ],
)
def test_each_commit_belongs_to_the_statement_that_was_under_way(
    windows: list[tuple[float, float]], commits: list[float], expected: list[int | None]
) -> None:
    """Two equal statements within a millisecond or two: times in milliseconds."""
    statement = Operation(
        number=0, lane="A", wire="postgres", connection=1, kind=OperationKind.STATEMENT, text="", fingerprint="update a"
    )
    works = [Work(start / 1000, end / 1000, (statement,)) for start, end in windows]
    spans = [Window(number, work.began, work.ended) for number, work in enumerate(works)]
    changes = [
        RowChange(number, "public.a", "update", ("1",), {"id": "1"}, {"id": "1"}, at / 1000)
        for number, at in enumerate(commits)
    ]
    found = matched(changes, {}, list(zip(works, spans, strict=True)))
    assert [works.index(found[xid]) if xid in found else None for xid in range(len(commits))] == expected


@pytest.mark.parametrize(
    ("sql", "decides"),
    [
        *((APP["STATEMENTS"][name], name in ("missing", "next")) for name in APP["STATEMENTS"]),
        ("WITH new AS (INSERT INTO entries (amount) VALUES (1) RETURNING id) SELECT id FROM new", False),
        ("WITH old AS (SELECT max(id) AS n FROM entries) INSERT INTO seats SELECT n + 1 FROM old", True),
        ("SELECT book(1)", True),
        ("UPDATE accounts SET balance = (SELECT sum(amount) FROM entries) WHERE id = 1", True),
        ("DELETE FROM seats WHERE taken", False),
        ("INSERT INTO entries (amount) SELECT 5", False),
    ],
)
def test_what_decides_inside(sql: str, decides: bool) -> None:
    assert decides_inside(sql) is decides
