"""The regression test that a proof leaves in the project: it fails as long as the defect is there."""

from __future__ import annotations

import json
import pprint
import re
from pathlib import Path

import msgspec

from looktwice.core.errors import LooktwiceError
from looktwice.core.proof import DIRECTORY, Proof, Sent
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
    path = root / written.path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(written.text, "utf-8")
    except OSError as error:
        raise LooktwiceError(
            f"cannot write {path}", error.strerror or str(error), "Make the directory writable."
        ) from None
    return path


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
    lines = ['"""' + told[0].lstrip('"'), *told[1:], '"""', "", ""]
    lines.append(f"def test_{_QUESTIONS.get(proof.experiment, _slug(proof))}(looktwice):")
    lines += [f"    {line}" for line in _asks(proof, names, sent)]
    return "\n".join(lines) + "\n"


def _asks(proof: Proof, names: list[str], sent: list[Sent]) -> list[str]:
    if proof.is_found:
        user = f", user={json.dumps(sent[0].user)}" if sent[0].user else ""
        return [f'looktwice.check("{proof.experiment}", at={json.dumps(proof.endpoint)}{user})']
    lines = [line for name, request in zip(names, sent, strict=False) for line in _assignment(name, request)]
    arguments = [f'"{proof.experiment}"', *names]
    if " ".join((sent[0].method, sent[0].path.partition("?")[0])) != proof.endpoint:
        arguments.append(f"at={json.dumps(proof.endpoint)}")
    if proof.once:
        arguments.append("once=True")
    return [*lines, f"looktwice.check({', '.join(arguments)})"]


def _assignment(name: str, sent: Sent) -> list[str]:
    arguments = [json.dumps(sent.method), json.dumps(sent.path)]
    if sent.body:
        arguments.append(_literal(sent.body))
    if sent.user:
        arguments.append(f"user={json.dumps(sent.user)}")
    if sent.headers:
        arguments.append(f"headers={_literal(json.dumps(sent.headers))}")
    line = f"{name} = looktwice.request({', '.join(arguments)})"
    if len(line) + 4 <= _WIDTH:
        return [line]
    return [f"{name} = looktwice.request(", *(f"    {argument}," for argument in arguments), ")"]


def _literal(body: str) -> str:
    """A JSON body as a Python value; any other text as a string."""
    try:
        value = json.loads(body)
    except ValueError:
        return repr(body)
    text = pprint.pformat(value, width=_WIDTH * 4, sort_dicts=False)
    return text.replace("'", '"') if '"' not in text and "\\" not in text else text


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
        plain = "".join(letter if letter.isprintable() else " " for letter in paragraph)
        safe = plain.replace("\\", "\\\\").replace('"""', "'''")
        lines += textwrap.wrap(safe, _WIDTH, break_long_words=False) or [""]
    if lines and lines[-1].endswith('"'):
        lines[-1] += " "
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
    story = "\n".join(f" * {line}".rstrip() for line in _wrapped(_story(proof))).replace("*/", "* /")
    name = _slug(proof).replace("_", "-")
    text = f"""/**
 * {_title(proof)} ({proof.code}).
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
const proof = {json.dumps(_compact(proof), ensure_ascii=False, indent=2)};

test({json.dumps(_title(proof))}, () => {{
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
