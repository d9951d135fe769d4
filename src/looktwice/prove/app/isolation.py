"""Keeps a command of the project from the user's files and services: what it may see, and what it tried to reach."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

import msgspec
from msgspec.structs import replace

import looktwice
from looktwice.prove.app.failure import StartError
from looktwice.prove.app.plan import Addresses, Plan
from looktwice.prove.app.sources import dotenv, own_files
from looktwice.prove.guardian.child_process import Account
from looktwice.prove.sandbox.attempt import KINDS, Attempt
from looktwice.prove.sandbox.files import is_shown

_SOURCE = str(Path(looktwice.__file__).parents[1])
# A bare interpreter: nothing of the project's, nothing of ours but what it needs.
_PROGRAM = (
    "import os, sys; sys.path.insert(0, sys.argv[1]); from looktwice.prove.sandbox.supervisor import main; "
    "os._exit(main(sys.argv[2]))"
)
_FOLDER, _REPORT, _ORDERS = ".looktwice", "report.jsonl", "orders.json"
_RESOLVER = "/etc/resolv.conf"
_NAME_SERVER = "nameserver 127.0.0.1\n"  # all look-ups then come to the supervisor, whoever makes them
_LONGEST_TRIAL = 20.0
_MOST_ENTRIES = 200
# Both must fail, else nothing is kept from the application: a file that is hidden, and a port that is open and not
# ours.
_TRIAL = """
import socket, sys
try: open(sys.argv[1]).close(); sys.exit(3)
except FileNotFoundError: pass
try: socket.create_connection(("127.0.0.1", int(sys.argv[2])), 5).close(); sys.exit(4)
except ConnectionRefusedError: pass
"""


def isolated(
    plan: Plan, words: list[str], variables: Mapping[str, str], home: Path, account: Account, addresses: Addresses
) -> list[str]:
    """The words of a command that executes `words` and keeps it from what is not of this run.

    variables: its environment, whose values stand in the files of settings that it opens. home: its directory, where
    orders and report lie. account: who it runs as; the command itself must be started as we are, and becomes that.
    """
    folder = home / _FOLDER
    folder.mkdir(exist_ok=True)
    replaced = {_RESOLVER: _put(folder / "resolv.conf", _NAME_SERVER)}
    for number, path in enumerate(own_files.settings_now(plan.own, plan.root)):
        found = list(dotenv.assignments(dotenv.text_of(Path(path))))
        replaced[path] = _put(folder / f"settings-{number}", dotenv.written(found, variables))
    command = _supervised(
        folder,
        words,
        account,
        ports=addresses.ports(),
        allowed=addresses.allowed,
        replaced=replaced,
        hidden=plan.own.private,
        kept=plan.own.databases,
        since=plan.began,
    )
    account.own(folder)
    return command


def checked(plan: Plan) -> tuple[Plan, str]:
    """The plan as far as it can be kept on this machine, and why its commands are not kept from anything, "" when they
    are. Raises StartError when they would get the user's own settings, unless the user has accepted that."""
    if not plan.is_isolated:
        return plan, "isolation is switched off"
    why = obstacle()
    private = [path for path in plan.own.settings if not is_shown(Path(path).name)]
    if why and private:
        raise StartError(
            "start",
            f"it would get the user's own settings ({', '.join(private)}), and with them whatever they lead to: {why}. "
            "Move them away, or accept that",
            add="[prove]\nisolation = false    # what the application reads, calls and changes is then not looked at",
        )
    return (replace(plan, is_isolated=False), why) if why else (plan, "")


def attempts(home: Path | None) -> list[Attempt]:
    """What the command whose home this is has tried so far and did not get."""
    return [it for it in _entries(home) if it.kind in KINDS]


def pid_of(home: Path | None) -> int:
    """The process that the supervisor has started for the command whose home this is, 0 when there is none yet."""
    return next((it.pid for it in _entries(home) if it.kind == "started"), 0)


def ports_of(home: Path | None) -> list[int]:
    """Ports at which the command whose home this is has begun to listen."""
    found = (it.what.rpartition(":")[2] for it in _entries(home) if it.kind == "listens")
    return sorted({int(port) for port in found if port.isdigit()})


def _entries(home: Path | None) -> list[Attempt]:
    found: list[Attempt] = []
    if home is None:
        return found
    report = home / _FOLDER / _REPORT
    with suppress(OSError):
        for line in report.read_bytes().splitlines()[:_MOST_ENTRIES]:
            with suppress(msgspec.MsgspecError):
                found.append(msgspec.json.decode(line, type=Attempt))
    return found


@cache
def obstacle() -> str:
    """Why no command can be kept from anything on this machine, "" when it can: found by trying."""
    if not sys.platform.startswith("linux"):
        return f"there is no way to do that on {sys.platform}"
    import socket

    with tempfile.TemporaryDirectory(prefix="looktwice-") as name, socket.create_server(("127.0.0.1", 0)) as foreign:
        folder = Path(name) / _FOLDER
        folder.mkdir()
        hidden = _put(folder / "hidden", "")
        check = [sys.executable, "-I", "-S", "-c", _TRIAL, hidden, str(foreign.getsockname()[1])]
        command = _supervised(folder, check, Account.unchanged(), hidden=(hidden,))
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_LONGEST_TRIAL, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"the supervisor could not be tried: {error}"
        if done.returncode == 0:
            return ""
        return _reason(Path(name)) or f"the kernel does not supervise it as it should (trial {done.returncode})"


def _supervised(
    folder: Path,
    words: list[str],
    account: Account,
    *,
    ports: Sequence[int] = (),
    allowed: Sequence[str] = (),
    replaced: Mapping[str, str] = {},
    hidden: Sequence[str] = (),
    kept: Sequence[str] = (),
    since: int = 0,
) -> list[str]:
    """Write the orders into `folder`, and give the words that execute them. The rest is as in `supervisor.Orders`."""
    orders = {
        "words": words,
        "report": str(folder / _REPORT),
        "user": account.uid,
        "group": account.gid,
        "ports": ports,
        "allowed": allowed,
        "replaced": replaced,
        "hidden": hidden,
        "kept": kept,
        "since": since,
    }
    file = _put(folder / _ORDERS, json.dumps(orders))
    return [sys.executable, "-I", "-S", "-c", _PROGRAM, _SOURCE, file]


def _reason(home: Path) -> str:
    why = next((it.what for it in _entries(home) if it.kind == "impossible"), "")
    return f"the kernel does not allow it here: {why.lower()}" if why else ""


def _put(path: Path, text: str) -> str:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return str(path)
