"""The cache: never wrong, never in the way."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from looktwice.audit.cache import Cache, digest, tree_key, write_whole

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


def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_whole(tmp_path / "x", b"old")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "x", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    assert (tmp_path / "x").read_bytes() == b"old"


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
    assert not list((tmp_path / ".looktwice" / "cache").glob(".new-*"))


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
