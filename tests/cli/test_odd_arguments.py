"""Arguments, settings and standard streams that cannot be meant: one message, exit code 2, and nothing is done."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from looktwice.core.config import budget, duration, load
from looktwice.core.errors import ConfigurationError
from looktwice.core.proof import Proof, Sent
from looktwice.core.trace import Trace, Verdict

LOOKTWICE = str(Path(sys.executable).with_name("looktwice"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "a.py").write_text("x = 1\n")
    return tmp_path


def shell(project: Path, words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", f"exec {LOOKTWICE} {words}"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def refused(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert done.stdout == ""
    assert "Traceback" not in done.stderr and "internal error" not in done.stderr
    return done.stderr


# ---- arguments

ARGUMENTS = {
    "audit --select ,": "names nothing",
    "audit --select ''": "names nothing",
    "audit --ignore ' , '": "names nothing",
    "audit --section ,,": "names nothing",
    "prove --experiment ,": "names nothing",
    "audit ''": "the name is empty",
    "prove ''": "the name is empty",
    "audit -o ''": "the name is empty",
    "audit --config ''": "the name is empty",
    "audit -o x/": "the name of a folder",
    "audit -o .": "it is a folder",
    "replay ''": "the name is empty",
    "replay x.json --svg x/": "the name of a folder",
    "learn --export ''": "the name is empty",
    "audit --config pipe": "it is a named pipe that nothing is written to",
    "audit --config /dev/null": "it is a device",
    "audit --config .": "it is a folder",
}


@pytest.mark.parametrize("words", ARGUMENTS)
def test_it_is_refused(project: Path, words: str) -> None:
    os.mkfifo(project / "pipe")
    assert ARGUMENTS[words] in refused(shell(project, words))
    assert sorted(os.listdir(project)) == ["a.py", "pipe"]


@pytest.mark.parametrize("words", ["audit . --select LT301,", "audit ./", "audit -o out.txt"])
def test_look_alikes_are_accepted(project: Path, words: str) -> None:
    done = shell(project, words)
    assert done.returncode == 0, done.stderr


# ---- numbers of the configuration

NUMBERS = {
    "[system]\ninstances = -5": "system.instances",
    "[system]\ninstances = 0": "system.instances",
    "[system]\nregions = -1": "system.regions",
    "[system]\nworkers = 0": "system.workers",
    "[system]\nworkers = 9999999999": "system.workers",
    "[prove.upstreams.x]\nvariable = 'X_URL'\nstatus = 99999": "prove.upstreams[...].status",
    "[prove.upstreams.x]\nvariable = 'X_URL'\nstatus = 0": "prove.upstreams[...].status",
}


@pytest.mark.parametrize("text", NUMBERS)
def test_a_number_out_of_range_is_refused(project: Path, text: str) -> None:
    (project / "looktwice.toml").write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load(project)
    assert f"`{NUMBERS[text]}`" in str(caught.value)


@pytest.mark.parametrize("text", ["[system]\ninstances = 1", "[system]\nworkers = 64"])
def test_an_ordinary_number_is_accepted(project: Path, text: str) -> None:
    (project / "looktwice.toml").write_text(text)
    load(project)


@pytest.mark.parametrize("text", ["9" * 400, "9" * 400 + "s", "1000000000000m"])
def test_a_budget_that_is_too_large(text: str) -> None:
    with pytest.raises(ConfigurationError, match="too large"):
        budget(text)


@pytest.mark.parametrize("text", ["9" * 400 + "s", "1000000h"])
def test_a_time_that_is_too_long(text: str) -> None:
    with pytest.raises(ConfigurationError, match="too long"):
        duration(text, "deadline")


# ---- standard streams

STREAMS = {
    "output is full, and so are errors": "audit clean >/dev/full 2>/dev/full",
    "output is full": "audit clean >/dev/full",
    "output is for reading": "audit clean 1</dev/null",
    "both are for reading": "audit clean 1</dev/null 2</dev/null",
    "output is for reading, errors are full": "audit clean 1</dev/null 2>/dev/full",
    "help is for reading": "--help 1</dev/null",
    "a usage error, and errors are full": "audit --nonsense 2>/dev/full",
    "a message, and errors are full": "audit missing 2>/dev/full",
}


@pytest.mark.parametrize("what", STREAMS)
def test_streams_that_cannot_be_written_to(project: Path, what: str) -> None:
    (project / "clean").mkdir()
    (project / "clean" / "a.py").write_text("x = 1\n")
    assert shell(project, STREAMS[what]).returncode == 2
    assert "internal error" not in shell(project, STREAMS[what]).stderr


def test_an_output_for_reading_is_named(project: Path) -> None:
    assert "not open for writing" in refused(shell(project, "audit 1</dev/null"))


@pytest.mark.parametrize("words", ["audit 2</dev/null", "audit </dev/null", "audit 2>&-", "audit 1<>out"])
def test_streams_that_do_not_matter(project: Path, words: str) -> None:
    assert shell(project, words).returncode == 0


# ---- proofs


def proof(experiment: str) -> Proof:
    return Proof(
        code="LT301",
        experiment=experiment,
        endpoint="POST /deposit",
        verdict="data-wrong",
        summary="",
        requests={"A": Sent(method="POST", path="/deposit")},
        trace=Trace(title="", lanes=(), steps=(), verdict=Verdict.DATA_WRONG),
    )


@pytest.mark.parametrize("experiment", ["nonsense", "", "Twice"])
def test_a_proof_of_an_unknown_experiment_starts_nothing(project: Path, experiment: str) -> None:
    (project / "proof.json").write_bytes(msgspec.json.encode(proof(experiment)))
    (project / "looktwice.toml").write_text("[prove]\nstart = 'touch started'\n")
    assert f"no experiment `{experiment}`" in refused(shell(project, "replay proof.json --project ."))
    assert not (project / "started").exists()
