"""Progress: merging loses no mark and does not depend on the order; an unreadable file is renamed."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from looktwice.core.beneath import OutsideError
from looktwice.learn.progress import FILE, Marked, Progress, Record, merge, read, update, write

MANY = 60
marks = st.none() | st.builds(Marked, st.integers(0, 3), st.booleans())
records = st.builds(Record, seen=marks, broken=marks, kept=marks)
progresses = st.builds(Progress, patterns=st.dictionaries(st.sampled_from(["a/python", "b/any"]), records))


@given(progresses, progresses, progresses)
def test_merging_does_not_depend_on_the_order(one: Progress, two: Progress, three: Progress) -> None:
    assert merge(one, two) == merge(two, one)
    assert merge(merge(one, two), three) == merge(one, merge(two, three))
    assert merge(one, one).patterns == one.patterns


def test_the_later_mark_wins_even_when_it_clears() -> None:
    ticked = Progress(patterns={"a/any": Record(kept=Marked(1))})
    cleared = Progress(patterns={"a/any": Record(kept=Marked(2, on=False), broken=Marked(1))})
    assert merge(ticked, cleared).patterns["a/any"] == Record(kept=Marked(2, on=False), broken=Marked(1))


def test_written_progress_is_read_back(tmp_path: Path) -> None:
    kept = Progress(patterns={"lost-update/python": Record(broken=Marked(1_800_000_000_000))})
    write(tmp_path / "new", kept)
    assert read(tmp_path / "new") == kept
    assert [entry.name for entry in (tmp_path / "new").iterdir()] == [FILE]


def mark_many(folder: Path, name: str) -> None:
    for number in range(MANY):
        update(folder, Progress(patterns={f"{name}-{number}/any": Record(kept=Marked(1))}))


def test_two_playbooks_in_one_folder_lose_nothing(tmp_path: Path) -> None:
    """Read, merge and write are one step: our own file must not suffer a lost update."""
    writers = [multiprocessing.get_context("spawn").Process(target=mark_many, args=(tmp_path, name)) for name in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert len(read(tmp_path).patterns) == 2 * MANY


def test_a_missing_file_is_empty_progress(tmp_path: Path) -> None:
    assert read(tmp_path) == Progress()


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b'{"patterns": {"../x": {}}}', b'{"schema": "two"}'])
def test_an_unreadable_file_is_renamed_and_reported_once(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    assert "learning.broken" in read(tmp_path).notice
    assert (tmp_path / "learning.broken").read_bytes() == content
    assert read(tmp_path).notice == ""


@given(st.text(max_size=30), st.integers())
def test_keys_and_timestamps_from_outside_are_validated(key: str, at: int) -> None:
    text = msgspec.json.encode({"schema": 1, "patterns": {key: {"seen": {"at": at}}}})
    try:
        made = msgspec.json.decode(text, type=Progress)
    except msgspec.ValidationError:
        return
    assert all(name.count("/") == 1 and name.replace("/", "").replace("-", "").isalnum() for name in made.patterns)
    assert all(record.seen and 0 <= record.seen.at <= 10**14 for record in made.patterns.values())


@pytest.mark.parametrize("link", [".looktwice", ".looktwice/learning.json"])
def test_progress_is_not_written_through_links(tmp_path: Path, link: str) -> None:
    mine = tmp_path / "mine"
    project = tmp_path / "project"
    (project / link).parent.mkdir(parents=True, exist_ok=True)
    if link == ".looktwice":
        mine.mkdir()
    else:
        mine.write_text("{")
    (project / link).symlink_to(mine)
    with pytest.raises(OutsideError):
        update(project / ".looktwice", Progress())
    assert mine.read_text() == "{" if mine.is_file() else not list(mine.iterdir())
    if mine.is_file():
        assert "leads out of" in read(project / ".looktwice").notice
