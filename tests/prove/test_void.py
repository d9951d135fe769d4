"""Runs that say nothing: whatever the limiter, a lost update behind it is proven, a lock is seen, and nothing is clean
because everything was refused."""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path

import pytest

from looktwice.core.config import load
from looktwice.core.event import NotProven, Proven, Reach
from looktwice.prove.engine import Job, prove

LIMITED = Path(__file__).parent / "apps" / "limited.py"
CONFIGURATION = """
[prove]
start = "python limited.py {{port}}"
database = ["DATABASE_URL"]
redis = ["REDIS_URL"]
health = "/health"
seed = ["schema.sql"]
environment = {{ LIMITER = "{kind}", LIMIT = "{limit}" }}
requests = [
  {{ method = "POST", path = "/deposit", body = {{ amount = 50 }}, vary = {{ amount = 30 }} }},
  {{ method = "POST", path = "/deposit_locked", body = {{ amount = 50 }}, vary = {{ amount = 30 }} }},
]
"""


def project(folder: Path, kind: str, limit: int) -> Path:
    folder.chmod(0o755)
    shutil.copy(LIMITED, folder / "limited.py")
    import os

    os.environ.update(LIMITER="none", LIMIT="1")
    (folder / "schema.sql").write_text(runpy.run_path(str(LIMITED))["SCHEMA"])
    (folder / "looktwice.toml").write_text(CONFIGURATION.format(kind=kind, limit=limit))
    return folder


@pytest.mark.parametrize(
    ("kind", "limit"),
    [
        ("none/429", 1),
        ("fixed/429", 30),
        ("sliding/503", 30),
        ("bucket/429", 30),
        ("sliding/200", 30),
        ("fixed-route/400", 30),
        ("fixed/403", 30),
        ("fixed/409", 30),
        ("redis/429", 30),
        ("table/429", 30),
    ],
)
def test_behind_any_limiter(tmp_path, kind, limit):
    root = project(tmp_path, kind, limit)
    events = list(prove(Job(root=root, settings=load(root), only=("twice",))))
    assert [str(it) for it in events if isinstance(it, Reach)] == ["2 of 2 endpoints reached"]
    proven = [(it.code, it.trace.lanes[0].path) for it in events if isinstance(it, Proven)]
    told = [(it.endpoint, it.verdict, it.why) for it in events if isinstance(it, NotProven)]
    assert proven == [("LT301", "/deposit")], told
    assert [(it[0], it[1]) for it in told] == [("POST /deposit_locked", "protected")], told
