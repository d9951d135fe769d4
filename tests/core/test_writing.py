"""Files: whole or not at all where a file is, in place where something else is, and never through a link that leads
out of the project."""

from __future__ import annotations

import ast
import contextlib
import itertools
import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import looktwice
from looktwice.core.beneath import OutsideError
from looktwice.core.errors import LooktwiceError
from looktwice.core.writing import alone_inside, check_inside, output, rename_inside, write_inside


def put(path: Path, text: str = "new") -> None:
    with output(path) as file:
        file.write(text)


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


# ---- where the user asked


def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    put(tmp_path / "report")
    (tmp_path / "other").touch()
    assert (tmp_path / "report").read_text() == "new"
    assert (tmp_path / "report").stat().st_mode == (tmp_path / "other").stat().st_mode
    assert names(tmp_path) == ["other", "report"]


def test_a_file_is_replaced_and_keeps_its_permissions(tmp_path: Path) -> None:
    report = tmp_path / "report"
    report.write_text("old and longer")
    report.chmod(0o640)
    reader = report.open()
    put(report)
    assert report.read_text() == "new" and stat.S_IMODE(report.stat().st_mode) == 0o640
    assert reader.read() == "old and longer"
    reader.close()


@pytest.mark.parametrize("old", ["old", None])
def test_an_interrupted_one_changes_nothing(tmp_path: Path, old: str | None) -> None:
    if old:
        (tmp_path / "report").write_text(old)
    with pytest.raises(KeyboardInterrupt), output(tmp_path / "report") as file:
        file.write("half")
        file.flush()
        raise KeyboardInterrupt
    assert names(tmp_path) == (["report"] if old else [])
    assert not old or (tmp_path / "report").read_text() == old


@pytest.mark.parametrize("target", ["real", "folder/real", "missing"])
def test_a_link_stays_a_link(tmp_path: Path, target: str) -> None:
    (tmp_path / "folder").mkdir()
    if target != "missing":
        (tmp_path / target).write_text("old")
    (tmp_path / "first").symlink_to(target)
    (tmp_path / "link").symlink_to("first")
    put(tmp_path / "link")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "first").is_symlink()
    assert (tmp_path / target).read_text() == "new"


def test_a_planted_link_beside_it_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    (tmp_path / ".report.part").symlink_to("precious")
    put(tmp_path / "report")
    assert (tmp_path / "precious").read_text() == "mine"


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()))
    reader.start()
    put(pipe)
    reader.join(10)
    assert got == ["new"] and stat.S_ISFIFO(pipe.lstat().st_mode)


def test_a_terminal_is_written_to(tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    place = Path(os.ttyname(theirs))
    with output(place) as file:
        assert file.isatty()
        file.write("new")
    assert os.read(ours, 10) == b"new"
    assert stat.S_ISCHR(place.stat().st_mode)
    os.close(ours)
    os.close(theirs)


@pytest.mark.parametrize("how", ["directly", "through a link"])
def test_a_device_stays_one(tmp_path: Path, how: str) -> None:
    """A device of our own making where that is allowed: if this fails, the machine's stays whole."""
    place = tmp_path / "null"
    try:
        os.mknod(place, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    except (OSError, AttributeError):
        pytest.skip("not run: only root makes devices")
    if how == "through a link":
        (tmp_path / "link").symlink_to("null")
    try:
        put(tmp_path / ("link" if how == "through a link" else "null"))
    except LooktwiceError as error:
        assert "permission" in str(error)  # a file system on which devices do nothing
    assert stat.S_ISCHR(place.lstat().st_mode)
    assert names(tmp_path) == (["link", "null"] if how == "through a link" else ["null"])


def test_standard_output_goes_on_where_it_is(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    print("before")
    (tmp_path / "stdout").symlink_to("/proc/self/fd/1")  # as in /dev, which a fault of ours shall not harm
    put(tmp_path / "stdout", "between\n")
    put(Path("/proc/self/fd/1"), "and\n")
    print("after")
    assert capfd.readouterr().out == "before\nbetween\nand\nafter\n"


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "a folder": (Path.mkdir, "it is a folder"),
    "a socket": (lambda path: socket.socket(socket.AF_UNIX).bind(str(path)), "it is a socket"),
    "read-only": (lambda path: path.touch(0o444), "it is read-only"),
    "a link to a folder": (lambda path: path.symlink_to("."), "it is a folder"),
    "a link to itself": (lambda path: path.symlink_to(path.name), "symbolic links"),
}


@pytest.mark.parametrize(("make", "why"), REFUSED.values(), ids=list(REFUSED))
def test_what_is_not_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], object], why: str
) -> None:
    monkeypatch.chdir(tmp_path)
    make(Path("report"))
    before = os.lstat("report")
    with pytest.raises(LooktwiceError, match=why) as shown:
        put(Path("report"))
    assert str(shown.value).startswith("cannot write report: ") and "--output" in shown.value.next
    assert os.lstat("report").st_mode == before.st_mode and names(Path()) == ["report"]


@pytest.mark.parametrize(
    ("path", "why"),
    [("no/report", "there is no folder no"), ("file/report", "not a directory"), ("x" * 300, "too long")],
)
def test_places_that_are_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, why: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    with pytest.raises(LooktwiceError, match=why):
        put(Path(path))
    assert names(Path()) == ["file"]


def test_a_fault_of_the_one_who_writes_is_not_ours(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), output(tmp_path / "report") as file:
        file.write("x")
        raise PermissionError("of something else")
    assert names(tmp_path) == []


# ---- files of ours in a project

OUT = {
    "the file": lambda project, out: (project / ".looktwice" / "proofs" / "x.json").symlink_to(out / "x.json"),
    "the file, nothing there": lambda project, out: (project / ".looktwice" / "proofs" / "x.json").symlink_to(
        out / "made"
    ),
    "its folder": lambda project, out: swap(project / ".looktwice" / "proofs", out),
    "a folder above": lambda project, out: swap(project / ".looktwice", out),
    "by way of ..": lambda project, out: swap(project / ".looktwice", Path("..") / out.name),
    "out and in again": lambda project, out: swap(project / ".looktwice", Path("..") / project.name / ".."),
    "by two links": lambda project, out: (
        (project / "inner").symlink_to(out),
        swap(project / ".looktwice", Path("inner")),
    ),
    "absolute, with .. in it": lambda project, out: swap(project / ".looktwice", project / ".." / out.name),
}


def swap(folder: Path, target: Path) -> None:
    """A link in the place of a folder."""
    for inner in sorted(folder.rglob("*"), reverse=True):
        inner.rmdir()
    folder.rmdir()
    folder.symlink_to(target)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "x.json").write_text("mine")
    (tmp_path / "project" / ".looktwice" / "proofs").mkdir(parents=True)
    return tmp_path / "project"


@pytest.mark.parametrize("plant", OUT.values(), ids=list(OUT))
def test_no_link_leads_out(project: Path, plant: Callable[[Path, Path], object]) -> None:
    out = project.parent / "out"
    plant(project, out)
    with pytest.raises(OutsideError, match="leads out of") as shown:
        write_inside(project, ".looktwice/proofs/x.json", b"ours")
    assert f"cannot write {project}/.looktwice/proofs/x.json" in str(shown.value)
    assert names(out) == ["x.json"] and (out / "x.json").read_text() == "mine"


@pytest.mark.parametrize("plant", OUT.values(), ids=list(OUT))
def test_that_can_be_known_before(project: Path, plant: Callable[[Path, Path], object]) -> None:
    check_inside(project, ".looktwice/proofs/x.json")
    check_inside(project, "not/there/x.json")
    plant(project, project.parent / "out")
    with pytest.raises(OutsideError):
        check_inside(project, ".looktwice/proofs/x.json")
    assert not (project / "not").exists()


@pytest.mark.parametrize("name", ["../out/x.json", "a/../../out/x.json", "/etc/x.json"])
def test_no_name_leads_out(project: Path, name: str) -> None:
    with pytest.raises(OutsideError):
        write_inside(project, name, b"ours")
    assert (project.parent / "out" / "x.json").read_text() == "mine"


IN = {
    "a folder that is a link": lambda project: (project / "tests").symlink_to("checks"),
    "by an absolute link": lambda project: (project / "tests").symlink_to(project.resolve() / "checks"),
    "up and down inside": lambda project: (project / "tests").symlink_to("checks/../checks"),
    "a file that is a link": lambda project: (
        (project / "tests").mkdir(),
        (project / "tests" / "test_x.py").symlink_to("../checks/test_x.py"),
    ),
}


@pytest.mark.parametrize("plant", IN.values(), ids=list(IN))
def test_links_inside_are_followed(project: Path, plant: Callable[[Path], object]) -> None:
    (project / "checks").mkdir()
    plant(project)
    write_inside(project, "tests/test_x.py", "ours")
    assert (project / "checks" / "test_x.py").read_text() == "ours"


def test_the_project_itself_may_be_a_link(project: Path) -> None:
    (project.parent / "alias").symlink_to("project")
    path = write_inside(project.parent / "alias", "a/b/c.txt", "ours")
    assert path == project.parent / "alias" / "a" / "b" / "c.txt"
    assert (project / "a" / "b" / "c.txt").read_text() == "ours"


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (os.mkfifo, "it is not a regular file"),
        (os.mkdir, "it is a folder"),
        (lambda path: Path(path).touch(0o400), None),
        (lambda path: Path(path).touch(0o444), "it is read-only"),
        (lambda path: os.symlink("x.json", path), "symbolic links"),
    ],
)
def test_what_is_in_the_way(project: Path, make: Callable[[Path], object], why: str | None) -> None:
    place = project / ".looktwice" / "proofs" / "x.json"
    make(place)
    before = place.lstat().st_mode
    with pytest.raises(LooktwiceError, match=why or "read-only"):
        write_inside(project, ".looktwice/proofs/x.json", b"ours")
    assert place.lstat().st_mode == before and names(place.parent) == ["x.json"]


def test_a_file_in_the_place_of_a_folder(project: Path) -> None:
    (project / "tests").write_text("in the way")
    with pytest.raises(LooktwiceError, match=r"cannot write .*tests/looktwice/test_x\.py"):
        write_inside(project, "tests/looktwice/test_x.py", "ours")


def test_over_an_earlier_one(project: Path) -> None:
    place = project / ".looktwice" / "proofs" / "x.json"
    place.write_text("an earlier one")
    place.chmod(0o600)
    write_inside(project, ".looktwice/proofs/x.json", b"ours")
    assert place.read_text() == "ours" and stat.S_IMODE(place.stat().st_mode) == 0o600
    assert names(place.parent) == ["x.json"]


def test_an_interrupted_one_leaves_the_old_file(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_inside(project, "x", b"old")

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_inside(project, "x", b"new")
    assert names(project) == [".looktwice", "x"] and (project / "x").read_bytes() == b"old"


def test_nothing_can_be_put_in_the_way_meanwhile(project: Path) -> None:
    """Somebody puts a link that leads out in the place of the folder, and takes it away, as fast as they can."""
    out, place = project.parent / "out", project / "tests"
    stop = threading.Event()

    def turn() -> None:
        for number in itertools.count():
            if stop.is_set():
                return
            with contextlib.suppress(OSError):
                os.rename(place, project / f"aside{number}")
            with contextlib.suppress(OSError):
                os.symlink(out, place)
            with contextlib.suppress(OSError):
                os.unlink(place)

    other = threading.Thread(target=turn)
    other.start()
    written = 0
    try:
        for number in range(400):
            try:
                write_inside(project, f"tests/{number}", b"ours")
                written += 1
            except LooktwiceError:
                pass
    finally:
        stop.set()
        other.join(10)
    assert names(out) == ["x.json"] and written


def test_a_new_name_in_the_same_folder(project: Path) -> None:
    write_inside(project, "a/b", b"ours")
    rename_inside(project, "a/b", "c")
    assert names(project / "a") == ["c"]
    (project / "a" / "out").symlink_to(project.parent / "out" / "x.json")
    with pytest.raises(OutsideError):
        rename_inside(project, "a/out", "d")


def test_one_at_a_time(project: Path) -> None:
    order: list[str] = []
    inside, leave = threading.Event(), threading.Event()

    def first() -> None:
        with alone_inside(project, "a/b"):
            order.append("first comes")
            inside.set()
            leave.wait(10)
            order.append("first goes")

    def second() -> None:
        inside.wait(10)
        with alone_inside(project, "a/c"):
            order.append("second comes")

    threads = [threading.Thread(target=it) for it in (first, second)]
    for thread in threads:
        thread.start()
    inside.wait(10)
    leave.set()
    for thread in threads:
        thread.join(10)
    assert order == ["first comes", "first goes", "second comes"]


# ---- everywhere

ROOT = Path(looktwice.__file__).parent
WRITERS = {"write_text", "write_bytes", "mkdir", "touch", "mkstemp", "NamedTemporaryFile", "makedirs", "copytree",
           "symlink_to", "hardlink_to", "copy2", "copyfile", "move", "rename"}  # fmt: skip
IN_TEMPORARY_FOLDERS = {
    "prove": "servers, homes of applications and the user's own cache; `proof` and `regression_test` write to projects",
    "learn/record.py": "a copy of the application that is recorded",
    "cli/demo.py": "what was suspected, for the processes that prove",
    "core/writing.py": "here",
    "core/whole_file.py": "the last step of `core/writing`",
    "core/beneath.py": "here",
}
NEVERTHELESS = {"prove/evidence/proof.py", "prove/evidence/regression_test.py"}


def writes() -> Iterator[str]:
    for path in sorted(ROOT.rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if name not in NEVERTHELESS and (name in IN_TEMPORARY_FOLDERS or name.split("/")[0] in IN_TEMPORARY_FOLDERS):
            continue
        for node in ast.walk(ast.parse(path.read_bytes())):
            if not isinstance(node, ast.Call):
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            modes = [it.value for it in ast.walk(node) if isinstance(it, ast.Constant) and isinstance(it.value, str)]
            opens = called == "open" and any(set(it) <= set("rwabxt+") and set(it) & set("wax+") for it in modes)
            if called in WRITERS or opens:
                yield f"{name}:{node.lineno} {called}"


def test_nothing_else_writes_into_a_project() -> None:
    assert [it for it in writes() if not it.startswith("learn/export.py")] == []
    assert [it.split(" ")[1] for it in writes() if it.startswith("learn/export.py")] == ["mkdir"]  # the user's own DIR


KILLED = """
import os, signal, sys
from pathlib import Path
from looktwice.core.writing import output
with output(Path(sys.argv[1])) as file:
    file.write("x" * 1_000_000)
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="not run: this system has no files without a name")
@pytest.mark.parametrize("before", [None, "before"])
def test_a_run_that_is_killed_while_it_writes_leaves_nothing(tmp_path: Path, before: str | None) -> None:
    path = tmp_path / "report.html"
    if before is not None:
        path.write_text(before)
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert done.returncode == -9
    assert os.listdir(tmp_path) == ([] if before is None else ["report.html"])
    assert before is None or path.read_text() == before
