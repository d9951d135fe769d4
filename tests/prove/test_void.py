"""Runs that say nothing: whatever the limiter, a lost update behind it is proven, a lock is seen, and nothing is clean
because everything was refused."""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path

import pytest

from looktwice.core.config import load
from looktwice.core.event import Event, NotProven, Proven, Reach, Reached
from looktwice.prove.engine import Job, prove

APPS = Path(__file__).parent / "apps"
CONFIGURATION = """
[prove]
start = "python {name}.py {{port}}"
database = ["DATABASE_URL"]
health = "/health"
seed = ["schema.sql"]
"""
WALLET = """
redis = ["REDIS_URL"]
environment = {{ LIMITER = "{kind}", LIMIT = "{limit}" }}
requests = [
  {{ method = "POST", path = "/deposit", body = {{ amount = 50 }}, vary = {{ amount = 30 }} }},
  {{ method = "POST", path = "/deposit_locked", body = {{ amount = 50 }}, vary = {{ amount = 30 }} }},
]
"""
LOGIN = """
environment = {{ LASTS = "{lasts}", REFUSED = "{refused}" }}
"""


def proving(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, settings: str, *only: str) -> list[Event]:
    folder.chmod(0o755)
    for variable in ("LIMITER", "LASTS"):
        monkeypatch.setenv(variable, "none")
    for variable in ("LIMIT", "REFUSED"):
        monkeypatch.setenv(variable, "1")
    shutil.copy(APPS / f"{name}.py", folder)
    (folder / "schema.sql").write_text(runpy.run_path(str(APPS / f"{name}.py"))["SCHEMA"])
    (folder / "looktwice.toml").write_text(CONFIGURATION.format(name=name) + settings)
    return list(prove(Job(root=folder, settings=load(folder), only=only or ("twice",))))


def proven(events: list[Event]) -> list[tuple[str, str]]:
    return [(it.code, it.trace.lanes[0].path) for it in events if isinstance(it, Proven)]


def reasons(events: list[Event]) -> dict[tuple[str, str], str]:
    return {(it.experiment, it.endpoint): f"{it.verdict}: {it.why}" for it in events if isinstance(it, NotProven)}


@pytest.mark.parametrize(
    ("kind", "limit"),
    [
        ("fixed/429", 12),  # a count for each minute, in memory
        ("sliding/503", 12),  # refused requests count as well
        ("bucket/429", 12),  # a token comes back every two seconds; the headers say what is left
        ("fixed-route/400", 12),  # for each path, with a code
        ("sliding/200", 12),  # success, but for its words
        ("fixed/403", 12),  # nothing but the status, which others give for good
        ("redis/429", 12),
        ("table/429", 12),
        pytest.param("fixed/409", 12, marks=pytest.mark.thorough),
        pytest.param("sliding/429", 8, marks=pytest.mark.thorough),
        pytest.param("none/429", 1, marks=pytest.mark.thorough),
    ],
)
def test_behind_any_limiter(tmp_path, monkeypatch, kind, limit):
    events = proving(tmp_path, monkeypatch, "limited", WALLET.format(kind=kind, limit=limit))
    assert [str(it) for it in events if isinstance(it, Reach)] == ["2 of 2 endpoints reached"]
    assert proven(events) == [("LT301", "/deposit")], reasons(events)
    assert [it.partition(":")[0] for it in reasons(events).values()] == ["protected"], reasons(events)


def test_a_limit_in_the_middle_of_every_experiment(tmp_path, monkeypatch):
    """It is met in the middle of each, and is no fault's doing."""
    everything = ("twice", "sent-again", "connection-lost", "upstream-down", "ten-times-the-rows")
    settings = WALLET.format(kind="sliding/429", limit=40)
    events = proving(tmp_path, monkeypatch, "limited", settings, *everything)
    assert proven(events) == [("LT301", "/deposit")], reasons(events)
    words = reasons(events)
    assert words.pop(("twice", "POST /deposit_locked")).startswith("protected")
    for lost in ("POST /deposit", "POST /deposit_locked"):  # a reply that is lost, and no key to know it again by
        assert "its reply lost" in words.pop(("connection-lost", lost))
    assert {it.partition(":")[0] for it in words.values()} == {"serial"}, words


def test_a_limit_that_leaves_no_room_is_no_success(tmp_path, monkeypatch):
    """One request in an hour: two in a row cannot be seen, so nothing is concluded about them."""
    events = proving(tmp_path, monkeypatch, "limited", WALLET.format(kind="table/429-hour", limit=1))
    assert not proven(events)
    assert set(reasons(events)) == {("twice", "POST /deposit"), ("twice", "POST /deposit_locked")}
    for words in reasons(events).values():
        assert words.startswith("inconclusive: rate limited: POST /deposit") and "429" in words


@pytest.mark.parametrize(
    ("lasts", "refused"),
    [("3 seconds", 401), ("25 uses", 403), pytest.param("3 seconds", 419, marks=pytest.mark.thorough)],
)
def test_behind_a_login_that_does_not_last(tmp_path, monkeypatch, lasts, refused):
    events = proving(tmp_path, monkeypatch, "session", LOGIN.format(lasts=lasts, refused=refused))
    reached = {it.endpoint: it.status for it in events if isinstance(it, Reached)}
    assert reached["POST /wallet/deposit"] == reached["POST /wallet/locked"] == 200
    assert proven(events) == [("LT301", "/wallet/deposit")], reasons(events)
    assert reasons(events)["twice", "POST /wallet/locked"].startswith("protected"), reasons(events)
