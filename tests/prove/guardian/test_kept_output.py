"""What a process prints is read as fast as it comes, and kept within bounds."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from seen import wait_until

from looktwice.prove.guardian import members
from looktwice.prove.guardian.child_process import Account
from looktwice.prove.guardian.output import HEAD, TAIL, Output
from looktwice.prove.guardian.run import Child, Run

BOUNDS = {
    "nothing": 0,
    "a line": 10,
    "as much as the beginning": HEAD,
    "one more": HEAD + 1,
    "as much as is kept": HEAD + TAIL,
    "one more than is kept": HEAD + TAIL + 1,
    "far more": 5 * (HEAD + TAIL) + 7,
}


@pytest.mark.parametrize("case", BOUNDS)
@pytest.mark.parametrize("piece", [1 << 10, 3 * TAIL])
def test_the_beginning_and_the_end_are_kept(case: str, piece: int) -> None:
    reading, writing = os.pipe()
    os.close(writing)
    output = Output(reading)
    data = bytes(index % 251 for index in range(BOUNDS[case]))
    for start in range(0, len(data), piece):
        output.add(data[start : start + piece])
    kept = output.kept()
    assert output.total == len(data)
    if len(data) <= HEAD + TAIL:
        assert kept == data
    else:
        assert kept.startswith(data[:HEAD]) and kept.endswith(data[-TAIL:])
        assert f"{len(data) - HEAD - TAIL} bytes are left out".encode() in kept
        assert len(kept) < HEAD + TAIL + 100
    output.close()
    output.close()


@pytest.fixture
def run() -> Iterator[Run]:
    with Run() as started:
        yield started


def printing(run: Run, code: str) -> Child:
    account = Account()
    account.uid = None
    return run.start([sys.executable, "-c", code], Path("/"), {}, account)


FLOOD = "import sys\nwhile True: sys.stdout.buffer.write({what} * 65536); sys.stdout.flush()"


@pytest.mark.parametrize("what", ["b'x'", "bytes(range(256))", "b'a line\\n'", "b'\\x1b[2J'"])
def test_a_flood_fills_neither_disk_nor_memory(run: Run, what: str) -> None:
    """256 MB are printed meanwhile: it never waits for its reader, who answers all the same."""
    child = printing(run, FLOOD.format(what=what))
    wait_until(lambda: child.printed > 256 << 20)
    assert run._guardian is not None
    guardian = run._guardian.pid
    for pid in (guardian, *members.descendants(guardian)):
        if pid != child.pid:
            assert _memory(pid) < 64 << 20
    assert sum(file.stat().st_size for it in run.folders for file in it.rglob("*")) < 1 << 20
    assert len(child.output()) < 25_000 and len(child.kept()) < 500_000
    child.close()


def test_what_was_printed_last_is_there_when_it_has_ended(run: Run) -> None:
    child = printing(run, "print('x' * 1_000_000); print('the reason'); raise SystemExit(3)")
    assert child.wait(20) == 3
    assert child.output(1) == "the reason"


def test_output_that_somebody_else_still_holds_open(run: Run) -> None:
    """A worker that goes on after its parent: the end of what it may print is not awaited."""
    code = "import os, time\nprint('parent', flush=True)\nif not os.fork():\n os.setsid()\n time.sleep(600)"
    child = printing(run, code)
    assert child.wait(20) == 0
    assert child.output() == "parent"
    child.close()


def _memory(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
