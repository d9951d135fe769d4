"""An application that does other things than answer: what it does by itself is set aside by name and never judged,
what its requests do is reported as if it were alone, and where both write one row nothing is concluded."""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path

import pytest

from looktwice.core.config import load
from looktwice.core.errors import ConfigurationError
from looktwice.core.event import Noted, NotProven, Proven
from looktwice.prove.app.requests.cases import Case
from looktwice.prove.engine import Job, prove
from looktwice.prove.evidence.replay import ask
from looktwice.prove.run.stage import Stage

BUSY = Path(__file__).parent / "apps" / "busy.py"
CONFIGURATION = """
[prove]
start = "python busy.py {{port}}"
database = ["DATABASE_URL"]
redis = ["REDIS_URL"]
health = "/"
seed = ["schema.sql"]
environment = {{ JOBS = "{jobs}" }}
ignore_tables = {ignored}
requests = [
  {{ method = "POST", path = "/deposit", body = {{ amount = 50 }}, vary = {{ amount = 30 }} }},
  {{ method = "POST", path = "/deposit_locked", body = {{ amount = 50 }}, vary = {{ amount = 30 }} }},
  {{ method = "POST", path = "/note", body = {{ amount = 1 }} }},
]
"""


def project(folder: Path, monkeypatch: pytest.MonkeyPatch, jobs: str, ignored: str = "[]") -> Path:
    folder.chmod(0o755)
    monkeypatch.setenv("JOBS", "none")
    shutil.copy(BUSY, folder / "busy.py")
    (folder / "schema.sql").write_text(runpy.run_path(str(BUSY))["SCHEMA"])
    (folder / "looktwice.toml").write_text(CONFIGURATION.format(jobs=jobs, ignored=ignored))
    return folder


def proving(root: Path, endpoint: str) -> tuple[list[str], list[str], list[str]]:
    """What was proven, what came of the rest, and what was set aside."""
    events = list(prove(Job(root=root, settings=load(root), only=("twice",), endpoints=(endpoint,))))
    return (
        [f"{it.code} {it.trace.lanes[0].path}" for it in events if isinstance(it, Proven)],
        [f"{it.verdict} {it.endpoint}: {it.why}" for it in events if isinstance(it, NotProven)],
        [it.text.partition(": ")[2] for it in events if isinstance(it, Noted) and "set aside" in it.text],
    )


@pytest.mark.parametrize(
    ("jobs", "aside"),
    [
        ("beat,tick", ["heartbeat, which is written while no request", "tick, which is written while no request"]),
        ("others", ["rows of wallet that are written while no request is sent"]),
        ("send", ["rows of outbox that are written"]),
        ("audit,flush", ["audit, which is written after the answer", "statistics, which is written after the answer"]),
        ("redis", ["the Redis key worker:*:alive, which is written while no request is sent"]),
    ],
)
def test_beside_a_writer(tmp_path, monkeypatch, jobs, aside):
    proven, reported, noted = proving(project(tmp_path, monkeypatch, jobs), "/deposit")
    assert proven == ["LT301 /deposit"], reported
    assert [it.partition(":")[0] for it in reported] == ["protected POST /deposit_locked"], reported
    assert len(noted) == len(aside) and all(map(str.startswith, sorted(noted), sorted(aside))), noted


def test_the_same_row_is_not_judged(tmp_path, monkeypatch):
    proven, reported, _ = proving(project(tmp_path, monkeypatch, "interest"), "/deposit")
    assert not proven
    assert all(it.startswith("inconclusive") and "wallet is also written in the background" in it for it in reported), (
        reported
    )
    assert len(reported) == 2


@pytest.mark.parametrize(
    ("jobs", "ignored", "endpoint", "what"),
    [("none", "[]", "/note", "public.audit"), ("none", '["wal*"]', "/deposit_locked", "public.wallet")],
    ids=["written after the answer only", "written to an ignored table only"],
)
def test_what_writes_nothing_that_is_judged_does_not_hold(tmp_path, monkeypatch, jobs, ignored, endpoint, what):
    _, reported, _ = proving(project(tmp_path, monkeypatch, jobs, ignored), endpoint)
    assert reported == [f"inconclusive POST {endpoint}: {reported[0].partition(': ')[2]}"]
    assert f"all that it writes is set aside and was not judged ({what})" in reported[0]


def test_a_table_to_ignore_that_is_not_there(tmp_path, monkeypatch):
    root = project(tmp_path, monkeypatch, "none", '["wallets"]')
    with pytest.raises(ConfigurationError, match="no table `wallets`"):
        list(prove(Job(root=root, settings=load(root))))


@pytest.mark.parametrize("times", [3, pytest.param(20, marks=pytest.mark.thorough)])
def test_replay_beside_a_writer_is_right_every_time(tmp_path, monkeypatch, times):
    """What a proof asked, asked again before the fix and, many times, after it: of an application that also beats a
    heart, counts its ticks, gathers statistics, and writes to other rows of the same table."""
    root = project(tmp_path, monkeypatch, "beat,tick,flush,others")
    with Stage.open(root, load(root).prove) as stage:
        cases: dict[str, Case] = {case.endpoint: case for case in stage.cases}
        before = ask(stage, "twice", cases["POST /deposit"])
        after = [ask(stage, "twice", cases["POST /deposit_locked"]) for _ in range(times)]
    assert before.is_wrong, before.why
    assert not [it.why for it in after if not it.holds]
