"""The supervisor's report: what is supervised cannot change, replace or add to it, and no content of it does harm."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from confined import python, run

from looktwice.prove.app.isolation import attempts, obstacle, pid_of, ports_of
from looktwice.prove.guardian.child_process import Account

WHY = obstacle()
supervised = pytest.mark.skipif(bool(WHY), reason=f"no command can be kept from anything here: {WHY}")

# Where it lies can be seen in the supervisor's command line.
ABOUT = """
import os, socket
def tried(what, *given):
    try: return what(*given)
    except OSError as error: print(error.strerror, flush=True)
parent = os.getppid()
folder = os.path.dirname(open(f"/proc/{parent}/cmdline").read().split(chr(0))[-2])
report = folder + "/report.jsonl"
FORGED = b'{"kind": "listens", "what": "127.0.0.1:1", "program": "", "pid": 1}\\n'
def forge(path):
    with open(path, "ab") as file: file.write(FORGED)
"""
TAMPERING = {
    "renamed": "tried(os.rename, report, report + '.x')",
    "its folder renamed": "tried(os.rename, folder, folder + '.x')",
    "removed": "tried(os.unlink, report)",
    "replaced by a pipe": "tried(os.unlink, report); tried(os.mkfifo, report)",
    "replaced by an endless device": "tried(os.symlink, '/dev/zero', 'z'); tried(os.rename, 'z', report)",
    "added to": "tried(forge, report)",
    "added to through /proc": "[tried(forge, f'/proc/{parent}/fd/{it}') for it in range(3, 12)]",
    "cut short": "tried(os.truncate, report, 0)",
}
AFTERWARDS = """
try: socket.create_connection(("127.0.0.1", 9), 5)
except OSError as error: pass
"""


@supervised
@pytest.mark.parametrize("place", ["here", "no rights"])
@pytest.mark.parametrize("what", TAMPERING)
def test_the_report_is_not(tmp_path: Path, what: str, place: str) -> None:
    """Here the program runs as another user, if it can; without any rights it runs as the supervisor's own."""
    project = tmp_path / "project"
    project.mkdir()
    for path in (tmp_path, *tmp_path.parents[:2], project):
        path.chmod(0o755)
    account = Account() if place == "here" else Account.unchanged()
    if place == "here":
        account.own(project)
    code = ABOUT + TAMPERING[what] + AFTERWARDS
    done = run(project, "/usr/bin/env", "python3", "-c", code, account=account, place=place)
    assert done.status == 0, done.printed
    assert "connect 127.0.0.1:9" in done.refused
    assert not any(it.startswith("listens") for it in done.refused)
    assert not list(project.glob("report*"))


@supervised
def test_the_home_of_the_command_holds_nothing_of_ours(tmp_path: Path) -> None:
    done = python(tmp_path, "import os; print(os.listdir(os.environ['HOME']))")
    assert done.printed == "[]\n"


LINE = b'{"kind": "started", "what": "x", "program": "", "pid": 7}\n'
REPORTS: dict[str, tuple[Callable[[Path], object], int]] = {
    "a report": (lambda path: path.write_bytes(LINE), 7),
    "half a line": (lambda path: path.write_bytes(LINE + LINE[:20]), 7),
    "nonsense": (lambda path: path.write_bytes(b"\xff\xfe\n[]\nnull\n" + LINE), 7),
    "nesting": (lambda path: path.write_bytes(b'{"what": ' + b"[" * 100_000 + b"\n" + LINE), 7),
    "a pipe": (os.mkfifo, 0),
    "an endless device": (lambda path: path.symlink_to("/dev/zero"), 0),
    "a folder": (Path.mkdir, 0),
    "a huge file": (lambda path: os.truncate(os.open(path, os.O_CREAT | os.O_WRONLY), 1 << 40), 0),
}


@pytest.mark.parametrize("what", REPORTS)
def test_whatever_is_in_its_place_is_read_within_bounds(tmp_path: Path, what: str) -> None:
    make, pid = REPORTS[what]
    make(tmp_path / "report.jsonl")
    assert (pid_of(tmp_path), ports_of(tmp_path), attempts(tmp_path)) == (pid, [], [])
