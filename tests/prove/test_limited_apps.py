"""Applications that count requests, in the frameworks that people use: a defect behind the counter is proven, a lock is
seen, and nothing is clean because everything was refused."""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path

import pytest

from looktwice.core.config import load
from looktwice.core.event import NotProven, Proven
from looktwice.prove.engine import Job, prove

APPS = Path(__file__).parent / "apps"
NODE_MODULES = Path(__file__).parents[2] / "examples" / "candidates" / "node_modules"
SEATS = """
CREATE TABLE show (id int PRIMARY KEY, seats int NOT NULL);
INSERT INTO show VALUES (1, 50);
"""
CONFIGURATION = """
[prove]
start = "{start}"
database = ["DATABASE_URL"]
health = "/health"
seed = ["schema.sql"]
environment = {{ GUARD = "{guard}" }}
requests = [{requests}]
"""


def outcomes(folder: Path, start: str, requests: str, schema: str, guard: str = "limit") -> tuple[list[str], list[str]]:
    """What was proven, and what came of the rest, each with its endpoint."""
    folder.chmod(0o755)
    (folder / "schema.sql").write_text(schema)
    (folder / "looktwice.toml").write_text(CONFIGURATION.format(start=start, requests=requests, guard=guard))
    events = list(prove(Job(root=folder, settings=load(folder), only=("twice",))))
    return (
        [f"{it.trace.verdict.value} {it.trace.lanes[0].path}" for it in events if isinstance(it, Proven)],
        [f"{it.verdict} {it.endpoint}: {it.why}" for it in events if isinstance(it, NotProven)],
    )


@pytest.mark.parametrize(("guard", "others"), [("limit", 5), ("strikes", 2)])
def test_a_double_reversal_in_fastapi(tmp_path, monkeypatch, guard, others):
    monkeypatch.setenv("GUARD", guard)
    schema = runpy.run_path(str(APPS / "reversal.py"))["SCHEMA"]
    shutil.copy(APPS / "reversal.py", tmp_path)
    paths = [*(f"/reverse_locked/{payment}" for payment in range(7, 7 + others)), "/reverse/7"]  # used up by then
    requests = ", ".join(f'{{ method = "POST", path = "{path}" }}' for path in paths)
    start = "python -m uvicorn reversal:app --port {port}"
    proven, rest = outcomes(tmp_path, start, requests, schema, guard)
    assert proven == ["data wrong /reverse/7"], rest
    assert [it.partition(":")[0] for it in rest] == [f"protected POST {path}" for path in paths[:-1]], rest


@pytest.mark.skipif(not NODE_MODULES.is_dir(), reason="run `make examples`: no node_modules")
def test_a_lost_update_in_express(tmp_path):
    shutil.copy(APPS / "express_limited.mjs", tmp_path)
    (tmp_path / "node_modules").symlink_to(NODE_MODULES)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    body = "body = { seats = 3 }, vary = { seats = 5 }"
    paths = ["seats_locked", "seats_locked?again", "seats_locked?more", "seats"]
    requests = ", ".join(f'{{ method = "POST", path = "/{name}", {body} }}' for name in paths)
    proven, rest = outcomes(tmp_path, "node express_limited.mjs {port}", requests, SEATS)
    assert proven == ["data wrong /seats"], rest
    assert [it.partition(":")[0] for it in rest] == ["protected POST /seats_locked"] * 3, rest
