"""One running instance of the application."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import TracebackType

from looktwice.core.event import Executing
from looktwice.core.quoting import toml, toml_key
from looktwice.core.visible import line
from looktwice.prove.app import missing
from looktwice.prove.app.accounts import account_for
from looktwice.prove.app.environment import Secrets, environment
from looktwice.prove.app.failure import StartError
from looktwice.prove.app.isolation import attempts, isolated, pid_of, ports_of
from looktwice.prove.app.plan import Addresses, Command, Plan
from looktwice.prove.guardian.child_process import Account
from looktwice.prove.guardian.run import Child, Run, ended
from looktwice.prove.sandbox.attempt import Attempt
from looktwice.prove.sandbox.network import Peer
from looktwice.prove.sandbox.ports import bound, foreign_peers, listening
from looktwice.prove.servers.postgres.server import free_port

_HEALTH = ("/health", "/healthz", "/api/health", "/status", "/ping", "/")
_FROM_OUTSIDE = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
_STATUS_LINE = b"HTTP/1.1 200"
_NO_LISTENER = "nothing listens there"
_PROBE = 2.0  # seconds for the first bytes of an answer
_ADDRESS_IN_USE = ("EADDRINUSE", "Address already in use", "address already in use")


class Instance:
    """`port` is where it answers HTTP. A context manager; `close` ends it with everything it started."""

    def __init__(self, name: str, port: int, process: Child, close: Callable[[], object]) -> None:
        self.name, self.port, self._process, self._close = name, port, process, close

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
    def killed(self) -> str:
        """How somebody else has ended it, in words; "" when nobody has. An application that fails ends by itself."""
        status = self._process.status
        return ended(status) if status is not None and -status in _FROM_OUTSIDE else ""

    def goes_on(self, seconds: float) -> bool:
        """Whether it takes connections now, and still does after so many seconds."""
        deadline = time.monotonic() + seconds
        while self.is_listening:
            if time.monotonic() >= deadline:
                return True
            time.sleep(0.01)
        return False

    @property
    def pid(self) -> int:
        """The application's own process, whoever supervises it."""
        return pid_of(self._process.control) or self._process.pid

    def output(self, lines: int = 20) -> str:
        """The last lines it printed."""
        return self._process.output(lines)

    @property
    def printed(self) -> int:
        """Bytes that it has printed so far."""
        return self._process.printed

    def foreign_peers(self, ours: Collection[int]) -> list[tuple[str, Peer]]:
        """The connections that it has now, other than to the ports of this machine that are `ours`: each for people,
        and where it leads."""
        return foreign_peers(self._process.pid, ours)

    def attempts(self) -> list[Attempt]:
        """What it tried to reach so far and did not get; not what it listens at itself by now."""
        own = bound(self._process.pid) | set(ports_of(self._process.control))
        return [it for it in attempts(self._process.control) if not _is_own(it, own)]

    def close(self) -> None:
        self._close()

    def __enter__(self) -> Instance:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def start(
    plan: Plan,
    lanes: Mapping[str, Addresses],
    secret: Secrets,
    seconds: float = 30.0,
    run: Run | None = None,
) -> dict[str, Instance]:
    """Start one instance for each lane, side by side, and wait until all of them answer HTTP.

    lanes: name of the lane → what its instance reaches, each at ports of its own. seconds: how long it may take.
    run: what they belong to, a run of its own for each when left out.
    Raises StartError, with the end of the output; nothing is left running then.
    """
    account = account_for(plan)
    ports: dict[str, int] = {}
    processes: dict[str, Child] = {}
    closing: dict[str, Callable[[], object]] = {}
    try:
        for lane, addresses in lanes.items():
            theirs = run
            if theirs is None:
                theirs = Run()
                closing[lane] = theirs.close
            ports[lane], home = free_port(), theirs.folder(account)
            words = [word.replace("{port}", str(ports[lane])) for word in plan.start.words]
            variables = environment(plan, addresses, secret, home, ports[lane])
            processes[lane] = launch(theirs, plan, plan.start, words, variables, home, account, addresses)
            closing.setdefault(lane, processes[lane].close)
        deadline = time.monotonic() + seconds
        return {
            lane: Instance(lane, _await_port(plan, process, ports[lane], deadline, seconds), process, closing[lane])
            for lane, process in processes.items()
        }
    except BaseException:
        for close in closing.values():
            close()
        raise


def shown(step: str, command: Command, account: Account | None = None) -> Executing:
    """What is reported of a command before it is executed. account: who executes it; None when we do it ourselves."""
    user = account.name if account is not None else ""
    return Executing(
        step=step, command=str(command), origin=str(command.origin), directory=command.directory, user=user
    )


def _is_own(attempt: Attempt, ports: Collection[int]) -> bool:
    host, _, port = attempt.what.rpartition(":")
    return host in ("127.0.0.1", "[::1]", "localhost") and port.isdigit() and int(port) in ports


def launch(
    run: Run,
    plan: Plan,
    command: Command,
    words: list[str],
    variables: dict[str, str],
    home: Path,
    account: Account,
    addresses: Addresses,
) -> Child:
    """Execute a command of the plan. addresses: what it may reach. Raises StartError when it cannot be executed."""
    executable = shutil.which(words[0], path=variables["PATH"])
    directory = plan.root / command.directory
    if executable is None and (directory / words[0]).is_file():
        executable = str(directory / words[0])
    if executable is None:
        raise StartError(
            "start",
            f"the program `{words[0]}` is not found",
            command=command,
            plan=plan,
            add=_missing(words[0]),
            advice=missing.advice(plan, command, program=words[0]),
        )
    whole = [executable, *words[1:]]
    control = None
    if plan.is_isolated:
        control = run.folder()
        whole = isolated(plan, whole, variables, control, account, addresses)
        account = Account.unchanged()  # the supervisor starts as we are, and becomes the account by itself
    try:
        return run.start(whole, directory, variables, account, folder=home, control=control)
    except OSError as error:
        raise StartError("start", str(error), command=command, plan=plan) from None


def _await_port(plan: Plan, process: Child, port: int, deadline: float, seconds: float) -> int:
    """The port where it answers HTTP, asked at least once: another instance may have taken all of the time. seconds:
    how long there was, for the message."""
    pause, seen = 0.01, {}
    while True:
        if process.status is not None:
            raise _died(plan, process)
        for candidate in _ports(process, port):
            patience = min(_PROBE, max(0.1, deadline - time.monotonic()))
            seen[candidate] = _why_silent(candidate, plan.health or _HEALTH, patience)
            if not seen[candidate]:
                return candidate
        if time.monotonic() >= deadline:
            break
        time.sleep(pause)
        pause = min(pause * 1.3, 0.1)
    raise StartError(
        "start",
        f"it did not answer HTTP within {seconds:.0f} s ({_seen(seen, port)})",
        command=plan.start,
        output=process.output(),
        plan=plan,
        refused=attempts(process.control),
        add='[prove]\nstart = "the command, with {port} where the port goes"\nhealth = "/a/path/that/answers"',
    )


def _seen(seen: Mapping[int, str], asked: int) -> str:
    """What was seen at each port: the one that was asked for, and those at which the application listens."""
    if all(why == _NO_LISTENER for why in seen.values()):
        return f"it never listened: asked at port {asked}; it listens at: none"
    parts = [f"port {port}: {why}" for port, why in seen.items() if why != _NO_LISTENER or port == asked]
    return "; ".join(parts)


def _ports(process: Child, port: int) -> list[int]:
    """The port that it was given, then those at which it listens. The supervisor knows some; in a container we may not
    look at processes of another user."""
    return list(dict.fromkeys((port, *ports_of(process.control), *listening(process.pid))))


def _why_silent(port: int, paths: tuple[str, ...], seconds: float) -> str:
    """Why no HTTP is spoken there, "" when it is: any answer counts, a 404 as much as a 200. It has so long for its
    first bytes."""
    deadline, received = time.monotonic() + seconds, b""
    asked = f"GET {paths[0]} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
    try:
        connection = socket.create_connection(("127.0.0.1", port), seconds)
    except TimeoutError:
        return "it takes no connection"
    except OSError:
        return _NO_LISTENER
    try:
        with connection:
            connection.sendall(asked.encode("utf-8", "replace"))
            while len(received) < len(_STATUS_LINE):
                connection.settimeout(max(0.01, deadline - time.monotonic()))
                data = connection.recv(1024)
                if not data:
                    break
                if time.monotonic() > deadline:
                    raise TimeoutError
                received += data
    except TimeoutError:
        return "it takes connections and answers nothing"
    except OSError:
        pass
    if received.startswith(b"HTTP/1."):
        return ""
    return "what it answers is not HTTP" if received else "it closes connections without an answer"


def _died(plan: Plan, process: Child) -> StartError:
    output = process.output()
    return StartError(
        "start",
        f"it {ended(process.status or 0)} before it answered",
        command=plan.start,
        output=output,
        plan=plan,
        refused=attempts(process.control),
        add=suggestion(plan, process.kept()),
        advice=missing.advice(plan, plan.start, process.kept()),
    )


def suggestion(plan: Plan, output: str) -> str:
    """What to add to looktwice.toml after a start that ended with this output, as TOML; "" when it is not known."""
    if any(words in output for words in _ADDRESS_IN_USE):
        return f"[prove]\nstart = {toml(f'{plan.start} --port {{port}}')}    # both instances want the same port"
    if name := missing_setting(output):
        return f'[prove]\nenvironment = {{ {toml_key(name)} = "…" }}'
    return ""


def missing_setting(output: str) -> str:
    """The environment variable whose absence ended a process, read from its output; "" when that does not show it."""
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


def _missing(program: str) -> str:
    return f'[prove]\nstart = "…"    # a command whose program can be found; `{line(program)}` is not on the PATH'
