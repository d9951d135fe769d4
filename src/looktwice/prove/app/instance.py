"""One running instance of the application."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import shutil
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from looktwice.core.isolation import program_path
from looktwice.core.quoting import toml, toml_key
from looktwice.core.visible import line
from looktwice.prove.app.environment import Secrets, environment
from looktwice.prove.app.failure import StartError
from looktwice.prove.app.plan import Addresses, Command, Plan
from looktwice.prove.app.ports import foreign_peers, listening
from looktwice.prove.app.process import Process, temporary_home
from looktwice.prove.child_process import Account
from looktwice.prove.postgres.server import free_port

_HEALTH = ("/health", "/healthz", "/api/health", "/status", "/ping", "/")
_ADDRESS_IN_USE = ("EADDRINUSE", "Address already in use", "address already in use")


class Instance:
    """`port` is where it answers HTTP. A context manager; `close` ends it with everything it started."""

    def __init__(self, name: str, port: int, process: Process) -> None:
        self.name, self.port, self._process = name, port, process

    @property
    def is_running(self) -> bool:
        return self._process.status is None

    @property
    def is_listening(self) -> bool:
        """Whether it takes connections. One that is just ending does not, though its process may still be seen."""
        try:
            socket.create_connection(("127.0.0.1", self.port), 2).close()
        except OSError:
            return False
        return True

    @property
    def pid(self) -> int:
        return self._process.pid

    def output(self, lines: int = 20) -> str:
        """The last lines it printed."""
        return self._process.output(lines)

    @property
    def printed(self) -> int:
        """Bytes that it has printed so far."""
        with contextlib.suppress(OSError):
            return self._process.log.stat().st_size
        return 0

    def foreign_peers(self) -> list[str]:
        """Addresses off this machine it is connected to now."""
        return foreign_peers(self.pid)

    def close(self) -> None:
        self._process.close()

    def __enter__(self) -> Instance:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def start(plan: Plan, lanes: Mapping[str, Addresses], secret: Secrets, seconds: float = 30.0) -> dict[str, Instance]:
    """Start one instance for each lane, side by side, and wait until all of them answer HTTP.

    lanes: name of the lane → what its instance reaches, each at ports of its own. seconds: how long it may take.
    Raises StartError, with the end of the output; nothing is left running then.
    """
    account = account_for(plan)
    processes: dict[str, tuple[int, Process]] = {}
    try:
        for lane, addresses in lanes.items():
            port, home = free_port(), temporary_home(account)
            words = [word.replace("{port}", str(port)) for word in plan.start.words]
            variables = environment(plan, addresses, secret, home, port)
            processes[lane] = (port, launch(plan, plan.start, words, variables, home, account))
        deadline = time.monotonic() + seconds
        return {
            lane: Instance(lane, _await_port(plan, process, port, deadline), process)
            for lane, (port, process) in processes.items()
        }
    except BaseException:
        for _, process in processes.values():
            process.close()
        raise


def launch(
    plan: Plan, command: Command, words: list[str], variables: dict[str, str], home: Path, account: Account
) -> Process:
    """Execute a command of the plan. Raises StartError when it cannot be executed at all."""
    executable = shutil.which(words[0], path=variables["PATH"])
    directory = plan.root / command.directory
    if executable is None and (directory / words[0]).is_file():
        executable = str(directory / words[0])
    if executable is None:
        shutil.rmtree(home, ignore_errors=True)
        raise StartError(
            "start", f"the program `{words[0]}` is not found", command=command, plan=plan, add=_missing(words[0])
        )
    try:
        return Process([executable, *words[1:]], directory, variables, home, account)
    except OSError as error:
        shutil.rmtree(home, ignore_errors=True)
        raise StartError("start", str(error), command=command, plan=plan) from None


def owner_of(plan: Plan) -> Account:
    """The owner of the project when we are root: a build writes there. Ourselves otherwise."""
    account = Account()
    if account.uid is not None:
        owner = plan.root.stat()
        account.uid, account.gid = (owner.st_uid, owner.st_gid) if owner.st_uid else (None, None)
    return account


def account_for(plan: Plan) -> Account:
    """Who runs the application when we are root: the project's owner, else nobody in particular if that one can read
    the project and its interpreters, else root."""
    owner = owner_of(plan)
    if owner.uid is not None:
        return owner
    account = Account()
    path = os.pathsep.join((*plan.search_path, program_path()))
    commands = (plan.start, *plan.setup, *plan.seed)
    programs = {shutil.which(command.words[0], path=path) for command in commands}
    found = [Path(program) for program in programs if program]
    interpreters = [interpreter for program in found if (interpreter := _interpreter(program, path)) is not None]
    needed = (plan.root, *(program.resolve() for program in (*found, *interpreters)))
    with contextlib.suppress(OSError):
        if all(account.can_reach(path) for path in needed):
            return account
    account.uid = account.gid = None
    return account


def _interpreter(program: Path, path: str) -> Path | None:
    """What executes a script, as its first line says; None for a binary."""
    if not program.is_file():  # a named pipe can be executable, too
        return None
    with contextlib.suppress(OSError), program.open("rb") as file:
        first = file.readline(200)
        if first.startswith(b"#!"):
            words = first[2:].decode("utf-8", "replace").split()
            name = words[1] if len(words) > 1 and words[0].endswith("/env") else words[0] if words else ""
            found = shutil.which(name, path=path)
            return Path(found) if found else None
    return None


def runs_as_root(plan: Plan) -> bool:
    """Whether we are root and the application could not be started as anybody else."""
    return hasattr(os, "geteuid") and os.geteuid() == 0 and account_for(plan).uid is None


def _await_port(plan: Plan, process: Process, port: int, deadline: float) -> int:
    began, pause = time.monotonic(), 0.01
    while time.monotonic() < deadline:
        if process.status is not None:
            raise _died(plan, process)
        for candidate in (port, *listening(process.pid)):
            if _answers(candidate, plan.health or _HEALTH):
                return candidate
        time.sleep(pause)
        pause = min(pause * 1.3, 0.1)
    where = ", ".join(map(str, listening(process.pid))) or "none"
    raise StartError(
        "start",
        f"it did not answer HTTP within {deadline - began:.0f} s (asked at port {port}; it listens at: {where})",
        command=plan.start,
        output=process.output(),
        plan=plan,
        add='[prove]\nstart = "the command, with {port} where the port goes"\nhealth = "/a/path/that/answers"',
    )


def _answers(port: int, paths: tuple[str, ...]) -> bool:
    """Whether HTTP is spoken there: any answer counts, a 404 as much as a 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", paths[0])
        return connection.getresponse().status > 0
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _died(plan: Plan, process: Process) -> StartError:
    output = process.output()
    return StartError(
        "start",
        f"it ended at once with status {process.status}",
        command=plan.start,
        output=output,
        plan=plan,
        add=suggestion(plan, output),
    )


def suggestion(plan: Plan, output: str) -> str:
    """What to add to looktwice.toml after a start that ended with this output, as TOML; "" when it is not known."""
    if any(words in output for words in _ADDRESS_IN_USE):
        return f"[prove]\nstart = {toml(f'{plan.start} --port {{port}}')}    # both instances want the same port"
    if name := missing_setting(output):
        return f'[prove]\nenvironment = {{ {toml_key(name)} = "…" }}'
    if module := missing_module(output):
        return (
            f"[prove]\nstart = {toml(str(plan.start))}    # with an interpreter that has the package `{line(module)}`"
        )
    return ""


def missing_setting(output: str) -> str:
    """The environment variable whose absence ended a process, told from what it printed; "" when it is not told."""
    patterns = (
        r"KeyError: '([A-Z][A-Z0-9_]+)'",
        r"(?i:missing|required|undefined|not set)[^\n]{0,60}?\b([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b",
        r"\b([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b[^\n]{0,40}(?i:is not set|is required|must be set|is missing|not defined)",
        r"^(\w+)\n\s+Field required \[type=missing",
    )
    for pattern in patterns:
        if match := re.search(pattern, output, re.MULTILINE):
            return match[1].upper()
    return ""


def missing_module(output: str) -> str:
    """The package that could not be imported, told from what a process printed; "" when it is not told."""
    found = re.search(r"No module named '([\w.]+)'|Cannot find (?:module|package) '([^']+)'", output)
    return (found[1] or found[2]) if found else ""


def _missing(program: str) -> str:
    return f'[prove]\nstart = "…"    # a command whose program can be found; `{line(program)}` is not on the PATH'
