"""What a project says of itself, when it says nothing that anybody can read: nothing waits and nothing raises."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from looktwice.prove.app.sources import commands, dotenv, node, programs, settings_in_code

READERS: dict[str, Callable[[Path], object]] = {
    "start": commands.start,
    "setup": commands.setup,
    "extensions": commands.extensions,
    "dotenv": dotenv.settings,
    "settings in code": settings_in_code.settings,
    "build": node.build,
    "programs": programs.search_path,
}
FILES = (
    "package.json",
    "pyproject.toml",
    ".env",
    "Procfile",
    "Dockerfile",
    "docker-compose.yml",
    "app.py",
    "alembic.ini",
)
CONTENTS = {
    ".env": (b"A=" + b" " * 30_000 + b"x", b"=\n==\n\0\n", b"A='\n" * 3_000),
    "package.json": (b"[]", b'{"scripts": 3}', b'{"a":' * 3_000, b"\xff\xfe{\0", b'{"engines": {"node": ["x"]}}'),
    "docker-compose.yml": (
        b"a0: &a0 [x,x]\n"
        + b"".join(b"a%d: &a%d [*a%d,*a%d]\n" % (i, i, i - 1, i - 1) for i in range(1, 40))
        + b"services: {a: {command: *a39}}\n",
        b"services: " + b"[" * 2_000,
        b"services: {a: 2024-99-99}\n",
        b"services: !!python/object/apply:os.system [x]\n",
        b"? [a]\n: 1\n",
    ),
    "Dockerfile": (b"CMD \\\n" * 3_000, b'CMD ["a"', b"CMD " + b"[" * 3_000),
    "Procfile": (b"web: '\n", b"web:\n\0"),
    "app.py": (b"(" * 3_000, b"\0", b"app = FastAPI(" * 500),
    "pyproject.toml": (b"a = " + b"9" * 5_000, b"a = " + b"[" * 5_000),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _deadline() -> Iterator[None]:
    def late(number: int, frame: object) -> None:
        raise TimeoutError("it does not end")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("file", FILES)
def test_what_is_no_file(tmp_path: Path, file: str, reader: str) -> None:
    for make in (os.mkfifo, Path.mkdir, lambda path: path.symlink_to("/dev/zero"), lambda path: path.symlink_to(path)):
        make(tmp_path / file)
        READERS[reader](tmp_path)
        (tmp_path / file).rmdir() if (tmp_path / file).is_dir() else (tmp_path / file).unlink()


@pytest.mark.parametrize(
    ("file", "data"), [(file, data) for file, datas in CONTENTS.items() for data in datas], ids=lambda it: str(it)[:30]
)
def test_what_cannot_be_understood(tmp_path: Path, file: str, data: bytes) -> None:
    (tmp_path / file).write_bytes(data)
    for reader in READERS.values():
        reader(tmp_path)


def test_what_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "Procfile").write_text("web: gunicorn app:app\n")
    os.mkfifo(tmp_path / "package.json")
    start = commands.start(tmp_path)
    assert start is not None
    assert "gunicorn" in start.words
