"""The page's own tests, run in Node: the board's logic over recorded runs, links, progress, hints."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "web"


@pytest.mark.skipif(not (WEB / "node_modules/vitest").is_dir(), reason="not run: `make web` installs vitest")
@pytest.mark.skipif(not shutil.which("node"), reason="not run: Node is not on the PATH")
def test_the_pages_own_tests_pass() -> None:
    command = ["node", "node_modules/vitest/vitest.mjs", "run"]
    run = subprocess.run(command, cwd=WEB, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
