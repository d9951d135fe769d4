"""The regression test that a proof leaves in the project: it fails as long as the defect is there."""

from __future__ import annotations

import ast
import json
import pprint
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from looktwice.core import visible
from looktwice.core.proof import DIRECTORY, Proof, Sent
from looktwice.core.quoting import docstring, javascript, javascript_comment, python
from looktwice.core.writing import write_inside
from looktwice.prove.app.sources.text import json_object

_QUESTIONS = {
    "twice": "two_requests_at_once_end_like_one_after_the_other",
    "sent-again": "the_same_request_sent_twice_has_one_effect",
    "upstream-down": "a_failing_service_leaves_nothing_half_done",
    "connection-lost": "a_lost_connection_leaves_nothing_half_done",
    "ten-times-the-rows": "ten_times_the_rows_take_no_more_statements",
}
_TITLES = {
    "twice": "two requests at the same time",
    "sent-again": "the same request sent twice",
    "upstream-down": "the outside service fails",
    "connection-lost": "the connection to the database is lost",
    "ten-times-the-rows": "ten times the rows",
}
_WIDTH = 116


class Written(msgspec.Struct, frozen=True):
    """`path` is relative to the project, `text` what goes there."""

    path: str
    text: str


def test_for(proof: Proof, root: Path) -> Written:
    """The regression test for a proof: pytest, or Node's own test runner or vitest where the project is Node's."""
    if (root / "package.json").is_file() and not (root / "pyproject.toml").is_file():
        return _node(proof, root)
    return Written(f"tests/looktwice/test_{_slug(proof)}.py", _pytest(proof))


def write(written: Written, root: Path) -> Path:
    """Put it into the project, over what was written there before. Raises LooktwiceError."""
    return write_inside(root, written.path, written.text)


def _slug(proof: Proof) -> str:
    words = re.sub(r"[^a-z0-9]+", "_", proof.endpoint.lower()).strip("_")
    return f"{words}_{re.sub(r'[^a-z0-9]+', '_', proof.experiment)}"


def _title(proof: Proof) -> str:
    name = f": {proof.name}" if proof.name else ""
    return f"{proof.endpoint}, {_TITLES.get(proof.experiment, proof.experiment)}{name}"


# ---- pytest


def _pytest(proof: Proof) -> str:
    lanes = sorted(proof.requests)
    sent = [proof.requests[lane] for lane in lanes]
    names = ["first", "second"] if len(sent) > 1 and sent[1] != sent[0] else ["first"]
    told = [*_wrapped([f"{_title(proof)} ({proof.code})."]), "", *_wrapped(_story(proof))]
    lines = [*docstring(told), "", ""]
    lines.append(f"def test_{_QUESTIONS.get(proof.experiment, _slug(proof))}(looktwice):")
    lines += [f"    {line}" for line in _asks(proof, names, sent)]
    return "\n".join(lines) + "\n"


def _asks(proof: Proof, names: list[str], sent: list[Sent]) -> list[str]:
    if proof.is_found:
        user = f", user={python(sent[0].user)}" if sent[0].user else ""
        return [f"looktwice.check({python(proof.experiment)}, at={python(proof.endpoint)}{user})"]
    lines = [line for name, request in zip(names, sent, strict=False) for line in _assignment(name, request)]
    arguments = [python(proof.experiment), *names]
    if " ".join((sent[0].method, sent[0].path.partition("?")[0])) != proof.endpoint:
        arguments.append(f"at={python(proof.endpoint)}")
    if proof.once:
        arguments.append("once=True")
    return [*lines, f"looktwice.check({', '.join(arguments)})"]


def _assignment(name: str, sent: Sent) -> list[str]:
    arguments = [python(sent.method), python(sent.path)]
    if sent.body:
        arguments.append(_literal(sent.body))
    if sent.user:
        arguments.append(f"user={python(sent.user)}")
    if sent.headers:
        arguments.append(f"headers={_headers(sent.headers)}")
    line = f"{name} = looktwice.request({', '.join(arguments)})"
    if len(line) + 4 <= _WIDTH:
        return [line]
    return [f"{name} = looktwice.request(", *(f"    {argument}," for argument in arguments), ")"]


def _literal(body: str) -> str:
    """A JSON object or list as a Python value when that sends the same again; any other text as a string."""
    try:
        value = json.loads(body, object_pairs_hook=_object)
        text = pprint.pformat(value, width=_WIDTH * 4, sort_dicts=False)
        again = msgspec.json.decode(msgspec.json.encode(ast.literal_eval(f"((({text})))")))
    except (ValueError, RecursionError, MemoryError, SyntaxError, OverflowError):
        return python(body)
    if not isinstance(value, dict | list) or again != value:
        return python(body)
    return text.replace("'", '"') if '"' not in text and "\\" not in text else text


def _headers(headers: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{python(name)}: {python(value)}" for name, value in headers.items()) + "}"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a dict cannot hold a name twice")
    return dict(pairs)


def _story(proof: Proof) -> list[str]:
    """What happened, in a few sentences."""
    steps = [f"{step.lane} {step.words}" for step in proof.trace.steps if step.words][:14]
    story = [proof.summary]
    if steps:
        story += ["", "What was seen: " + "; ".join(steps) + "."]
    return story


def _wrapped(paragraphs: list[str]) -> list[str]:
    import textwrap

    lines: list[str] = []
    for paragraph in paragraphs:
        lines += textwrap.wrap(visible.line(" ".join(paragraph.split())), _WIDTH, break_long_words=False) or [""]
    return lines


# ---- Node


def _node(proof: Proof, root: Path) -> Written:
    """Node cannot hold the schedule itself: the test asks `looktwice replay`, which ends with 0 when all is well."""
    manifest = json_object(root / "package.json")
    groups = (manifest.get("dependencies"), manifest.get("devDependencies"))
    dependencies = {name for group in groups if isinstance(group, dict) for name in group}
    source = "vitest" if "vitest" in dependencies else "node:test"
    timeout = ", 60_000" if source == "vitest" else ""  # Node's own runner knows no limit
    ending = "ts" if (root / "tsconfig.json").is_file() else "mjs"
    story = "\n".join(f" * {javascript_comment(it)}".rstrip() for it in _wrapped(_story(proof)))
    name = _slug(proof).replace("_", "-")
    text = f"""/**
 * {javascript_comment(f"{_title(proof)} ({proof.code}).")}
 *
{story}
 */
import {{ spawnSync }} from "node:child_process";
import {{ mkdtempSync, rmSync, writeFileSync }} from "node:fs";
import {{ tmpdir }} from "node:os";
import {{ join }} from "node:path";
import {{ test }} from "{source}";
import {{ fileURLToPath }} from "node:url";

const project = fileURLToPath(new URL("../..", import.meta.url));
const proof = {javascript(_compact(proof), indent=2)};

test({javascript(_title(proof))}, () => {{
  const directory = mkdtempSync(join(tmpdir(), "looktwice-"));
  try {{
    const file = join(directory, "proof.json");
    writeFileSync(file, JSON.stringify(proof));
    const command = process.env.LOOKTWICE ?? "looktwice";
    const run = spawnSync(command, ["replay", file, "--project", project], {{ encoding: "utf-8" }});
    if (run.error) throw run.error;
    if (run.status !== 0) throw new Error(run.stdout + run.stderr);
  }} finally {{
    rmSync(directory, {{ recursive: true }});
  }}
}}{timeout});
"""
    return Written(f"tests/looktwice/{name}.test.{ending}", text)


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


__all__ = ["DIRECTORY", "Written", "test_for", "write"]
