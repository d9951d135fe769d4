"""One run of `looktwice prove` that is killed, and what is left of it, counted from outside by the kernel's word.

Whoever calls `killed` becomes a subreaper: whatever a run leaves running, wherever it has gone, is then our child. The
temporary folder is one of our own, shared memory is attributed to whoever made or uses it.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

BANK = Path(__file__).parents[1] / "tests" / "prove" / "apps" / "bank.py"
PROGRAM = Path(sys.executable).with_name("looktwice")
_SUBREAPER = 36
_LONGEST = 120.0  # seconds for a run, and for cleaning up after it
_CLEAN_WITHIN = 30.0

# The bank, and in every second project a daemon that leaves session and parent, closes all files, clears its
# environment and changes its folder. Each request leaves a mark when it has been answered.
APPLICATION = """
import os, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import bank

def daemonise():
    if os.fork():
        os.wait()
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    os.chdir("/")
    os.closerange(0, 256)
    os.execve("/bin/sleep", ["sleeper", "600"], {})

class Handler(bank.Handler):
    def do_POST(self):
        super().do_POST()
        self.wfile.flush()
        if self.command == "POST":
            with open(ANSWERED, "a") as file:
                file.write("x")
    do_GET = do_POST

ANSWERED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "answered")
if "--daemon" in sys.argv:
    daemonise()
bank.ThreadingHTTPServer.daemon_threads = True
bank.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
SET_UP = """
import pathlib, time
pathlib.Path(__file__).with_name("began").touch()
time.sleep(0.4)
"""
CONFIGURATION = """
[prove]
start = "python application.py {{port}}{daemon}"
database = ["DATABASE_URL"]
redis = ["REDIS_URL"]
health = "/wallet"
setup = ["python set_up.py"]
seed = ["schema.sql"]
requests = [{{ method = "POST", path = "/deposit", body = {{ amount = 50 }}, vary = {{ amount = 30 }} }}]
[prove.upstreams]
outside = {{ variable = "OUTSIDE_URL" }}
"""


class Case(NamedTuple):
    """Who is killed, how and when. `moment` is one of MOMENTS, "random", or "never"; `daemon` says which project."""

    victim: str
    signal: signal.Signals
    moment: str
    daemon: bool


class Left(NamedTuple):
    """What was left, and how the run ended."""

    processes: int = 0
    ports: int = 0
    memory: int = 0  # segments of shared memory, files in /dev/shm
    folders: int = 0  # below the temporary folder
    halves: int = 0  # files in the project that are none, or not whole
    tracebacks: int = 0
    code: int = 0
    seconds: float = 0.0  # from the end of the run until nothing was left
    victims: int = 0  # processes that were killed: 0 when there was none of them any more
    printed: str = ""

    @property
    def count(self) -> int:
        return self.processes + self.ports + self.memory + self.folders + self.halves + self.tracebacks


class Seen(NamedTuple):
    """What a run had at the moment of the kill: sockets that listen (their inodes), System V segments, entries of
    /dev/shm."""

    sockets: set[str]
    segments: set[str]
    files: set[str]


def make(folder: Path, daemon: bool) -> Path:
    """A project in `folder`, which is made; gives it."""
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    source = BANK.read_text()
    (folder / "bank.py").write_text(source)
    (folder / "schema.sql").write_text(source.split('SCHEMA = """')[1].split('"""')[0])
    (folder / "application.py").write_text(APPLICATION)
    (folder / "set_up.py").write_text(SET_UP)
    (folder / "looktwice.toml").write_text(CONFIGURATION.format(daemon=" --daemon" if daemon else ""))
    return folder


def killed(case: Case, scratch: Path, length: float, chance: random.Random) -> Left:
    """Run, kill, and look. scratch: a folder of this run's own. length: seconds that a run takes when it is let be."""
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    project, temporary = make(scratch / "project", case.daemon), scratch / "tmp"
    temporary.mkdir()
    temporary.chmod(0o755)
    others = set(descendants())
    with (scratch / "printed").open("w+") as printed:
        process = subprocess.Popen(
            [str(PROGRAM), "prove", str(project), "--experiment", "twice", "--format", "json"],
            stdin=subprocess.PIPE,
            stdout=printed,
            stderr=subprocess.STDOUT,
            env={**os.environ, "TMPDIR": str(temporary)},
            start_new_session=True,
            preexec_fn=_take_signals,  # noqa: PLW1509 - no thread of ours does anything
        )
        seen, victims = _kill(case, process, project, length, chance, others)
        latest = time.monotonic() + _LONGEST
        while process.poll() is None:
            seen.files.update(_in_memory(temporary))
            if time.monotonic() > latest:
                process.kill()
            time.sleep(0.005)
        ended = time.monotonic()
        left = _left(seen, project, temporary, others)
        while left.count and time.monotonic() - ended < _CLEAN_WITHIN:
            time.sleep(0.02)
            left = _left(seen, project, temporary, others)
        seconds = time.monotonic() - ended
        for pid in descendants() - others:  # a failure of this run must not be one of the next
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        printed.seek(0)
        text = printed.read()
    return left._replace(
        tracebacks=len(re.findall(r"^Traceback", text, re.MULTILINE)),  # the application's own are shown indented
        code=process.returncode,
        seconds=seconds,
        victims=victims,
        printed=text[-2000:],
    )


def _take_signals() -> None:
    """A shell starts what it does not wait for with these ignored, and it would be right to leave them so."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


# ---- when


def _answers(project: Path) -> int:
    with contextlib.suppress(OSError):
        return (project / "answered").stat().st_size
    return 0


def _written(project: Path) -> bool:
    for folder in (project / ".looktwice" / "proofs", project / "tests" / "looktwice"):
        with contextlib.suppress(OSError):
            if os.listdir(folder):
                return True
    return False


Condition = Callable[[Path, set[int], list[int]], bool]

# When it is time, given the project, the processes, and how many instances there were before.
MOMENTS: dict[str, Condition] = {
    "before the watcher": lambda project, pids, before: True,
    "set-up": lambda project, pids, before: (project / "began").exists(),
    "restore": lambda project, pids, before: _answers(project) > before[0],
    "proof writing": lambda project, pids, before: _written(project),
    "teardown": lambda project, pids, before: _answers(project) > 0 and len(VICTIMS["application"](pids, 0)) < 2,
}
_AFTER = {"before the watcher": 0.12, "set-up": 0.3, "restore": 0.01, "proof writing": 0.002, "teardown": 0.03}


def _kill(
    case: Case, process: subprocess.Popen[bytes], project: Path, length: float, chance: random.Random, others: set[int]
) -> tuple[Seen, int]:
    """Wait for the moment and kill; gives what there was just before, and how many processes were killed."""
    if case.moment == "never":
        return Seen(set(), set(), set()), 0
    began = time.monotonic()
    if case.moment == "random":
        while process.poll() is None and not _victims(case, process.pid, descendants() - others):
            time.sleep(0.001)
        time.sleep(chance.uniform(0, max(0.1, length - (time.monotonic() - began))))
    else:
        before = [chance.randrange(0, 12)]
        while process.poll() is None and not MOMENTS[case.moment](project, descendants() - others, before):
            time.sleep(0.0005)
        time.sleep(chance.uniform(0, _AFTER[case.moment]))
    pids = descendants() - others
    seen = _seen(pids)
    victims = _victims(case, process.pid, pids)
    if case.victim not in ("parent", "all guardians"):
        victims = victims and [chance.choice(victims)]
    victims = [pid for pid in victims if _send(pid, case.signal)]
    return seen, len(victims)


def _send(pid: int, number: signal.Signals) -> bool:
    """False when it has ended by now, whether or not somebody has asked for its exit code."""
    if pid not in descendants():
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
    return True


# ---- who


def _victims(case: Case, parent: int, pids: set[int]) -> list[int]:
    return [parent] if case.victim == "parent" else VICTIMS[case.victim](pids, parent)


def _with(words: bytes) -> Callable[[set[int], int], list[int]]:
    return lambda pids, parent: sorted(pid for pid in pids - {parent} if words in _command(pid))


VICTIMS: dict[str, Callable[[set[int], int], list[int]]] = {
    "application": _with(b"application.py"),
    "database": lambda pids, parent: sorted(
        pid for pid in pids if any(name in _command(pid) for name in (b"postgres", b"valkey-server", b"redis-server"))
    ),
    "a guardian": _with(b"looktwice.prove.guardian.program"),
    "all guardians": _with(b"looktwice.prove.guardian.program"),
}


def _command(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


# ---- what


def descendants() -> set[int]:
    """Process ids of everything below us that has not ended."""
    children: dict[int, list[int]] = {}
    for pid in _all():
        with contextlib.suppress(OSError, ValueError):
            state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
            if state not in "ZX":
                children.setdefault(int(parent), []).append(pid)
    found, queue = set(), [os.getpid()]
    while queue:
        new = children.get(queue.pop(), [])
        found.update(new)
        queue += new
    return found


def _all() -> Iterator[int]:
    return (int(name) for name in os.listdir("/proc") if name.isdigit())


def _seen(pids: set[int]) -> Seen:
    open_, files = set(), set()
    for pid in pids:
        with contextlib.suppress(OSError):
            for entry in os.scandir(f"/proc/{pid}/fd"):
                with contextlib.suppress(OSError):
                    open_.add(os.readlink(entry.path))
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
            files |= {line.split()[5] for line in lines if "/dev/shm/" in line}
    files |= {target for target in open_ if target.startswith("/dev/shm/")}
    return Seen(
        {inode for inode in _listening() if f"socket:[{inode}]" in open_},
        {row[1] for row in _segments() if int(row[4]) in pids},
        {"/".join(file.split("/")[:4]) for file in files},
    )


def _in_memory(temporary: Path) -> set[str]:
    """Entries of /dev/shm that are called as those of the temporary folder."""
    return {f"/dev/shm/{name}" for name in os.listdir(temporary)}


def _listening() -> list[str]:
    """Inodes of the TCP sockets that listen."""
    rows = []
    for name in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            rows += [line.split() for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    return [row[9] for row in rows if row[3] == "0A"]


def _segments() -> list[list[str]]:
    return [line.split() for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]]


def _left(seen: Seen, project: Path, temporary: Path, others: set[int]) -> Left:
    memory = sum(row[1] in seen.segments for row in _segments())
    memory += sum(os.path.exists(file) for file in seen.files)
    return Left(
        processes=len(descendants() - others),
        ports=sum(inode in seen.sockets for inode in _listening()),
        memory=memory,
        folders=len(os.listdir(temporary)),
        halves=sum(not _is_whole(file) for file in _made(project)),
    )


def _made(project: Path) -> list[Path]:
    folders = (project / ".looktwice", project / "tests")
    return [file for folder in folders for file in folder.rglob("*") if file.is_file()]


def _is_whole(file: Path) -> bool:
    """A proof, or a test, from its first byte to its last."""
    try:
        if file.suffix == ".json":
            return "trace" in json.loads(file.read_text())
        compile(file.read_text(), str(file), "exec")
        return file.name.startswith("test_") and file.suffix == ".py" and "looktwice.check" in file.read_text()
    except (OSError, ValueError, SyntaxError):
        return False
