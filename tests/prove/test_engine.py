"""The engine from end to end on a small application of its own, and how it ends when it is stopped."""

from __future__ import annotations

import os
import runpy
import shutil
from pathlib import Path

import pytest

from looktwice.core.config import load
from looktwice.core.event import Finished, NotProven, Progress, Proven, Reached, Started
from looktwice.prove.engine import Job, prove

BANK = Path(__file__).parent / "apps" / "bank.py"
CONFIGURATION = """
[prove]
start = "python bank.py {port}"
database = ["DATABASE_URL"]
health = "/wallet"
seed = ["schema.sql"]
requests = [
  { method = "POST", path = "/deposit", body = { amount = 50 }, vary = { amount = 30 } },
  { method = "POST", path = "/deposit_atomic", body = { amount = 50 } },
  { method = "POST", path = "/die", body = {} },
  { method = "POST", path = "/missing", body = {} },
]
[prove.upstreams]
outside = { variable = "OUTSIDE_URL" }
"""


@pytest.fixture
def job(tmp_path: Path) -> Job:
    tmp_path.chmod(0o755)
    shutil.copy(BANK, tmp_path / "bank.py")
    (tmp_path / "schema.sql").write_text(runpy.run_path(str(BANK))["SCHEMA"])
    (tmp_path / "looktwice.toml").write_text(CONFIGURATION)
    return Job(root=tmp_path, settings=load(tmp_path), only=("twice",))


def descendants() -> set[int]:
    """Processes that this one started, directly or not."""
    parents: dict[int, int] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = Path(f"/proc/{entry}/stat").read_text()
            except OSError:
                continue
            parents[int(entry)] = int(stat.rpartition(")")[2].split()[1])
    found = {os.getpid()}
    while grown := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= grown
    return found - {os.getpid()}


def left(before: set[int]) -> list[str]:
    """The processes that have come since `before`, with their states and commands."""
    return [
        f"{Path(f'/proc/{pid}/stat').read_text()[:60]} {Path(f'/proc/{pid}/cmdline').read_text()[:200]}"
        for pid in sorted(descendants() - before)
    ]


def test_a_run_from_end_to_end(job):
    before = descendants()
    events = list(prove(job))
    assert isinstance(events[0], Started) and isinstance(events[-1], Finished)
    reached = {event.endpoint: event.status for event in events if isinstance(event, Reached)}
    assert reached["POST /deposit"] == 200 and reached["POST /missing"] == 500
    assert [(e.code, e.trace.name) for e in events if isinstance(e, Proven)] == [("LT301", "lost update")]
    assert [(e.endpoint, e.verdict) for e in events if isinstance(e, NotProven)] == [
        ("POST /deposit_atomic", "protected")
    ]
    assert events[-1].findings == 1 and events[-1].statistics["runs"] > 20
    assert left(before) == []


@pytest.mark.parametrize(("phase", "way"), [("start", "closed"), ("measure", "interrupted"), ("twice", "interrupted")])
def test_stopped_at_any_moment_it_leaves_nothing_running(job, phase, way):
    before = descendants()
    events = prove(job)
    for event in events:
        if isinstance(event, Progress) and event.phase == phase:
            break
    if way == "closed":
        events.close()
    else:
        with pytest.raises(KeyboardInterrupt):
            events.throw(KeyboardInterrupt())
    assert left(before) == []
