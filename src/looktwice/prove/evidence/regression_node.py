"""The regression test for a Node project. Node cannot hold the schedule itself: the test calls `looktwice replay`,
which ends with 0 when all is well."""

from __future__ import annotations

from pathlib import Path

import msgspec

from looktwice.core.proof import Proof
from looktwice.core.quoting import javascript, javascript_comment
from looktwice.prove.evidence.node_runner import Runner, runner_of
from looktwice.prove.evidence.regression_words import heading, story, title, wrapped

_MILLISECONDS = "60_000"
_NOT_FOUND = (
    "the program `{}` is not found, so nothing was tested. Put looktwice on the PATH, or name it in the environment: "
    "LOOKTWICE=/path/to/looktwice"
)


def write(proof: Proof, root: Path, name: str, mark: str) -> tuple[str, str]:
    """Path, relative to the project, and text. mark: by which the file is known as ours."""
    runner = runner_of(root)
    path = runner.place(name.replace("_", "-"), root)
    up = "/".join([".."] * path.count("/")) or "."
    lines = wrapped([heading(proof), "", *story(proof), "", f"({mark})"])
    comment = "\n".join(f" * {javascript_comment(line)}".rstrip() for line in lines)
    text = f"""/**
{comment}
 */
{_imports(runner, path)}

const project = {_project(runner, path, up)};
const proof = {javascript(_compact(proof), indent=2)};

{_opening(runner, title(proof))}
  const directory = mkdtempSync(join(tmpdir(), "looktwice-"));
  try {{
    const file = join(directory, "proof.json");
    writeFileSync(file, JSON.stringify(proof));
    const command = process.env.LOOKTWICE ?? "looktwice";
    const run = spawnSync(command, ["replay", file, "--project", project], {{ encoding: "utf-8" }});
    if (String(run.error).includes("ENOENT")) throw new Error({javascript(_NOT_FOUND)}.replace("{{}}", () => command));
    if (run.error) throw run.error;
    if (run.status !== 0) throw new Error(run.stdout + run.stderr);
  }} finally {{
    rmSync(directory, {{ recursive: true }});
  }}
}}{f", {_MILLISECONDS}" if runner.name in ("vitest", "jest") else ""});
"""
    return path, text


def _is_module(runner: Runner, path: str) -> bool:
    """Whether the file may say `import.meta`. Jest makes CommonJS of what is no declared module."""
    if path.endswith((".mjs", ".mts")) or runner.name == "vitest":
        return True
    if path.endswith((".cjs", ".cts")):
        return False
    return runner.is_module or (path.endswith(".ts") and runner.name == "node:test")


def _imports(runner: Runner, path: str) -> str:
    wanted = [
        ("node:child_process", "spawnSync"),
        ("node:fs", "mkdtempSync, rmSync, writeFileSync"),
        ("node:os", "tmpdir"),
        ("node:path", "join"),
        *_of_runner(runner),
    ]
    if _is_module(runner, path):
        wanted.append(("node:url", "fileURLToPath"))
    if _is_module(runner, path) or path.endswith("ts"):
        return "\n".join(f'import {{ {names} }} from "{module}";' for module, names in wanted)
    return "\n".join(f'const {{ {names} }} = require("{module}");' for module, names in wanted)


def _of_runner(runner: Runner) -> list[tuple[str, str]]:
    if runner.name == "jest":
        return [] if runner.has_globals else [("@jest/globals", "test")]
    return [(runner.name, "it" if runner.name == "mocha" else "test")]


def _project(runner: Runner, path: str, up: str) -> str:
    if _is_module(runner, path):
        return f'fileURLToPath(new URL("{up}", import.meta.url))'
    return f'join(__dirname, "{up}")'


def _opening(runner: Runner, words: str) -> str:
    name = javascript(words)
    if runner.name == "mocha":
        return f"it({name}, function () {{\n  this.timeout({_MILLISECONDS});"
    return f"test({name}, () => {{"


def _compact(proof: Proof) -> dict[str, object]:
    """What `replay` needs of the proof, small enough to live inside a test. What is empty is left out."""
    requests = {
        lane: {field: value for field, value in msgspec.to_builtins(sent).items() if value}
        for lane, sent in proof.requests.items()
    }
    flags = {name: True for name in ("once", "is_found") if getattr(proof, name)}
    return {
        **{name: getattr(proof, name) for name in ("code", "experiment", "endpoint", "verdict", "summary")},
        "requests": requests,
        **flags,
        "trace": {"title": proof.trace.title, "lanes": [], "steps": []},
    }
