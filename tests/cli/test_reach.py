"""How much of an application a result speaks of: first in every format, and in the exit code."""

from __future__ import annotations

import json
import runpy
import shutil
from pathlib import Path

import pytest

from looktwice.cli.main import run
from looktwice.cli.reading import Tally
from looktwice.core.errors import LooktwiceError
from looktwice.core.event import NotProven, Reach, Started

FORMS = Path(__file__).parents[1] / "prove" / "apps" / "forms.py"
FORM = '{{ method = "POST", path = "{path}", body = "amount=60", headers = {{ Content-Type = "{kind}" }} }},'
KIND = "application/x-www-form-urlencoded"
PATHS = ("/withdraw", "/withdraw_locked", "/silent", "/guarded", "/moved", "/denied")


def forms(folder: Path, settings: str = "") -> Path:
    folder.chmod(0o755)
    shutil.copy(FORMS, folder)
    (folder / "schema.sql").write_text(runpy.run_path(str(FORMS))["SCHEMA"])
    requests = "\n".join(FORM.format(path=path, kind=KIND) for path in PATHS)
    (folder / "looktwice.toml").write_text(
        '[prove]\nstart = "python forms.py {port}"\ndatabase = ["DATABASE_URL"]\nhealth = "/"\nseed = ["schema.sql"]\n'
        f"{settings}\nrequests = [\n{requests}\n]\n"
    )
    return folder


def proving(folder: Path, *words: str) -> int:
    return run(["prove", str(folder), "--no-test", *words])


def test_a_redirect_is_judged_by_where_it_leads(tmp_path, capfd):
    assert proving(forms(tmp_path), "--experiment", "twice", "--format", "json") == 1
    report = json.loads(capfd.readouterr().out)
    assert list(report)[2:5] == ["verb", "reach", "reached"]
    assert report["reach"] == {"event": "reach", "reached": 3, "endpoints": 6}
    why = {it["endpoint"]: it["why"] for it in report["reached"]}
    assert [why[f"POST {path}"] for path in PATHS[:3]] == ["", "", ""]
    for path, words in zip(PATHS[3:], ("the login", "redirects elsewhere: /moved/", "it was refused: no"), strict=True):
        assert words in why[f"POST {path}"]
    assert [it["why"] != "" for it in report["reached"]] == [True] * 3 + [False] * 3  # what was not reached comes first
    proven = {it["trace"]["lanes"][0]["path"]: it["code"] for it in report["proven"]}
    assert proven == {"/withdraw": "LT303", "/silent": "LT303"}
    assert [(it["endpoint"], it["verdict"]) for it in report["not_proven"]] == [("POST /withdraw_locked", "protected")]


LOCKED = ("--experiment", "twice", "--endpoint", "/withdraw_locked")


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ((*LOCKED,), 0, ""),
        ((*LOCKED, "--endpoint", "/guarded"), 0, ""),
        ((*LOCKED, "--endpoint", "/guarded", "--require-reach", "50%"), 0, ""),
        (
            (*LOCKED, "--endpoint", "/guarded", "--require-reach", "51%"),
            2,
            "1 of 2 endpoints reached, and 51% are required",
        ),
        (("--endpoint", "/guarded"), 2, "no request was answered with success"),
        (("--experiment", "sent-again", "--endpoint", "/withdraw_locked"), 2, "nothing was tried"),
        (("--experiment", "twice", "--endpoint", "/withdraw", "--require-reach", "100%"), 1, ""),  # what is proven wins
        (("--require-reach", "many"), 2, "'many'"),
        (("--require-reach", "120%"), 2, "'120%'"),
    ],
    ids=["held", "half reached", "enough", "too little", "none", "nothing asked", "proven", "no share", "too much"],
)
def test_exit_codes(tmp_path, capfd, words, code, message):
    assert proving(forms(tmp_path), *words) == code
    assert message in capfd.readouterr().err


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ([Reach(1, 1)], "nothing was tried: no experiment was run"),
        (
            [NotProven("twice", "", "inconclusive", "it moves", "POST /a")],
            "reached a result. POST /a: it",
        ),
        (
            [NotProven("twice", "", "not reached", "A is locked", "POST /a")],
            "reached a result. POST /a: A",
        ),
    ],
    ids=["nothing", "inconclusive", "not reached"],
)
def test_what_was_tried_and_is_undecided_was_tried(events, message):
    tally = Tally("high")
    list(tally.watch(iter([Started("prove", "."), *events])))
    with pytest.raises(LooktwiceError, match=message):
        tally.exit_code()


def test_the_least_reach_may_stand_in_the_configuration(tmp_path, capfd):
    root = forms(tmp_path, 'require_reach = "90%"')
    assert proving(root, *LOCKED, "--endpoint", "/moved") == 2
    assert proving(root, *LOCKED, "--endpoint", "/moved", "--require-reach", "10%") == 0


@pytest.mark.parametrize("form", ["console", "json", "jsonl", "html", "events"])
def test_every_format_begins_with_it(tmp_path, capfd, form):
    proving(forms(tmp_path), *LOCKED, "--endpoint", "/guarded", "--format", form)
    out = capfd.readouterr().out
    headline = {"console": "1 of 2 endpoints reached", "html": "1 of 2 endpoints reached"}.get(form, '"endpoints"')
    assert headline in out
    rest = out.index("protected")
    assert out.index(headline) < out.index("/guarded") < rest
    if form == "jsonl":
        rows = [row for line in out.splitlines() if (row := json.loads(line))["event"] != "executing"]
        assert rows[0] == {"event": "reach", "reached": 1, "endpoints": 2}
