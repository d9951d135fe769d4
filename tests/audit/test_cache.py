"""The cache: never wrong, never in the way."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from looktwice.audit import audit
from looktwice.audit.cache import Cache, digest, tree_key
from looktwice.core.event import Noted

KEY = digest(b"key")


def test_what_was_stored_is_found(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    assert cache.result(KEY) is None
    cache.store_result(KEY, b"result")
    assert Cache(tmp_path).result(KEY) == b"result"
    assert Cache(tmp_path).result(digest(b"other")) is None


def test_any_damage_is_absence(tmp_path: Path) -> None:
    """Every single byte of the file, changed; and the file cut off at every length."""
    cache = Cache(tmp_path)
    cache.store_result(KEY, b"result")
    path = tmp_path / ".looktwice" / "cache" / "result"
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert cache.result(KEY) is None
        path.write_bytes(whole[:at])
        assert cache.result(KEY) is None
    cache.store_result(KEY, b"result")
    assert cache.result(KEY) == b"result"


def test_it_keeps_out_of_git(tmp_path: Path) -> None:
    Cache(tmp_path).store_result(KEY, b"")
    assert (tmp_path / ".looktwice" / "cache" / ".gitignore").read_text() == "*\n"


def test_switched_off(tmp_path: Path) -> None:
    cache = Cache(tmp_path, enabled=False)
    cache.store_result(KEY, b"result")
    assert cache.result(KEY) is None
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("obstacle", ["file", "directory"])
def test_a_place_that_cannot_be_written(tmp_path: Path, obstacle: str) -> None:
    """No cache, no error."""
    if obstacle == "file":
        (tmp_path / ".looktwice").write_text("in the way")
    else:
        (tmp_path / ".looktwice" / "cache" / "result").mkdir(parents=True)
    cache = Cache(tmp_path)
    cache.store_result(KEY, b"result")
    assert cache.result(KEY) is None


@pytest.mark.parametrize("link", [".looktwice", ".looktwice/cache", ".looktwice/cache/result"])
def test_a_link_that_leads_out_is_reported(tmp_path: Path, link: str) -> None:
    """Nothing is written there; the audit goes on, and says so."""
    mine, project = tmp_path / "mine", tmp_path / "project"
    (project / link).parent.mkdir(parents=True)
    (project / "a.py").write_text("x = 1\n")
    mine.mkdir()
    (project / link).symlink_to(mine / "file" if link.endswith("result") else mine)
    notes = [it.text for it in audit(project) if isinstance(it, Noted)]
    assert len(notes) == 1 and "the cache is not used" in notes[0] and "leads out of" in notes[0]
    assert not list(mine.iterdir())


def test_a_link_inside_is_no_danger(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / ".looktwice").symlink_to("kept")
    (tmp_path / "a.py").write_text("x = 1\n")
    assert not [it for it in audit(tmp_path) if isinstance(it, Noted)]
    assert (tmp_path / "kept" / "cache" / "result").is_file()


def test_many_at_once(tmp_path: Path) -> None:
    """Readers see one whole result or another, never a mixture."""
    results = {digest(bytes([number])): bytes([number]) * 50_000 for number in range(4)}
    wrong: list[bytes] = []

    def work(key: bytes) -> None:
        cache = Cache(tmp_path)
        for _ in range(20):
            cache.store_result(key, results[key])
            for other, expected in results.items():
                found = cache.result(other)
                if found is not None and found != expected:
                    wrong.append(found)

    threads = [threading.Thread(target=work, args=(key,)) for key in results]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert not list((tmp_path / ".looktwice" / "cache").glob(".looktwice-*"))


def test_keys() -> None:
    """Content, name, settings and boundaries all count."""
    keys = {
        tree_key([("a", b"1"), ("b", b"2")], b"s"),
        tree_key([("a", b"12"), ("b", b"")], b"s"),
        tree_key([("a", b"1"), ("c", b"2")], b"s"),
        tree_key([("a", b"1")], b"s"),
        tree_key([("a", b"1"), ("b", b"2")], b"t"),
    }
    assert len(keys) == 5
    assert digest(b"ab", b"c") != digest(b"a", b"bc")
