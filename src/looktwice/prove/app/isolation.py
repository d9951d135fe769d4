"""Keeps a command of the project from the user's files and services: what it may see, and what it tried to reach."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec.structs import replace

import looktwice
from looktwice.core.files import UnreadableError, read_bytes
from looktwice.prove.app.failure import StartError
from looktwice.prove.app.plan import Addresses, Plan
from looktwice.prove.app.sources import dotenv, own_files
from looktwice.prove.guardian.child_process import Account
from looktwice.prove.guardian.run import Run
from looktwice.prove.sandbox.attempt import KINDS, Attempt
from looktwice.prove.sandbox.files import is_shown

_SOURCE = str(Path(looktwice.__file__).parents[1])
# A bare interpreter: nothing of the project's, nothing of ours but what it needs.
_PROGRAM = (
    "import os, sys; sys.path.insert(0, sys.argv[1]); from looktwice.prove.sandbox.supervisor import main; "
    "os._exit(main(sys.argv[2]))"
)
_REPORT, _ORDERS = "report.jsonl", "orders.json"
_LARGEST_REPORT = 16_000_000  # bytes; the supervisor writes less
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
    plan: Plan, words: list[str], variables: Mapping[str, str], folder: Path, account: Account, addresses: Addresses
) -> list[str]:
    """The words of a command that executes `words` and keeps it from what is not of this run.

    variables: its environment, whose values stand in the files of settings that it opens. folder: ours, where orders
    and report lie: nothing that runs as somebody else can write in it. account: who the command runs as; it must be
    started as we are, and becomes that.
    """
    folder.chmod(0o711)  # what stands for a file of settings is opened by the account
    replaced = {_RESOLVER: _put(folder / "resolv.conf", _NAME_SERVER)}
    for number, path in enumerate(own_files.settings_now(plan.own, plan.root)):
        found = list(dotenv.assignments(dotenv.text_of(Path(path))))
        replaced[path] = _put(folder / f"settings-{number}", dotenv.written(found, variables))
    for path in replaced.values():
        account.own(Path(path))
    return _supervised(
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


def checked(plan: Plan, run: Run) -> tuple[Plan, str]:
    """The plan as far as it can be kept on this machine, and why its commands are not kept from anything, "" when they
    are. run: what the trial belongs to. Raises StartError when they would get the user's own settings, unless the user
    has accepted that."""
    if not plan.is_isolated:
        return plan, "isolation is switched off"
    why = obstacle(run)
    private = [path for path in plan.own.settings if not is_shown(Path(path).name)]
    if why and private:
        raise StartError(
            "start",
            f"it would get the user's own settings ({', '.join(private)}), and with them whatever they lead to: {why}. "
            "Move them away, or accept that",
            add="[prove]\nisolation = false    # what the application reads, calls and changes is then not looked at",
        )
    return (replace(plan, is_isolated=False), why) if why else (plan, "")


def attempts(folder: Path | None) -> list[Attempt]:
    """What the command whose orders lie in this folder has tried so far and did not get; none when there are none."""
    return [it for it in _entries(folder) if it.kind in KINDS]


def pid_of(folder: Path | None) -> int:
    """The process that the supervisor has started for the command of this folder, 0 when there is none yet."""
    return next((it.pid for it in _entries(folder) if it.kind == "started"), 0)


def ports_of(folder: Path | None) -> list[int]:
    """Ports at which the command of this folder has begun to listen."""
    found = (it.what.rpartition(":")[2] for it in _entries(folder) if it.kind == "listens")
    return sorted({int(port) for port in found if port.isdigit()})


def _entries(folder: Path | None) -> list[Attempt]:
    found: list[Attempt] = []
    if folder is None:
        return found
    with suppress(UnreadableError):
        for line in read_bytes(folder / _REPORT, _LARGEST_REPORT, root=folder).splitlines()[:_MOST_ENTRIES]:
            with suppress(msgspec.MsgspecError):
                found.append(msgspec.json.decode(line, type=Attempt))
    return found


def obstacle(run: Run | None = None) -> str:
    """Why no command can be kept from anything on this machine, "" when it can: found by trying.

    run: what the trial belongs to, a run of its own when left out.
    """
    if not sys.platform.startswith("linux"):
        return f"there is no way to do that on {sys.platform}"
    if run is None:
        with Run() as own:
            return obstacle(own)
    import socket

    folder, account = run.folder(), Account.unchanged()
    hidden = _put(folder / "hidden", "")
    with socket.create_server(("127.0.0.1", 0)) as foreign:
        check = [sys.executable, "-I", "-S", "-c", _TRIAL, hidden, str(foreign.getsockname()[1])]
        command = _supervised(folder, check, account, hidden=(hidden,))
        try:
            with run.start(command, folder, {}, account, folder=folder) as trial:
                status, why = trial.wait(_LONGEST_TRIAL), _reason(folder)
        except OSError as error:
            return f"the supervisor could not be tried: {error}"
    if status == 0:
        return ""
    if status is None:
        return f"the supervisor could not be tried: it took longer than {_LONGEST_TRIAL:g} s"
    return why or f"the kernel does not supervise it as it should (trial {status})"


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


def _reason(folder: Path) -> str:
    why = next((it.what for it in _entries(folder) if it.kind == "impossible"), "")
    return f"the kernel does not allow it here: {why.lower()}" if why else ""


def _put(path: Path, text: str) -> str:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return str(path)
