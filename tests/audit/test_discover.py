"""Which files belong to the application."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from looktwice.audit.discover import discover
from looktwice.audit.links import LOOKS


def plant(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


CASES = {
    "by their endings": (
        dict.fromkeys(["a.py", "b.ts", "c.tsx", "d.mjs", "e.cjs", "f.jsx", "readme.md", "g.pyc", "types.d.ts"], ""),
        ["a.py", "b.ts", "c.tsx", "d.mjs", "e.cjs", "f.jsx"],
    ),
    "by their endings in capitals, and those of Windows and of web servers": (
        dict.fromkeys(["A.PY", "b.pyw", "C.Ts", "d.wsgi", "E.JSX", "types.D.TS", "f.pyc", "g.pys"], ""),
        ["A.PY", "C.Ts", "E.JSX", "b.pyw", "d.wsgi"],
    ),
    "by their first line where the name says nothing": (
        {"bin/serve": "#!/usr/bin/env python3\n", "bin/work": "#!/usr/bin/env -S node --enable-source-maps\n",
         "cgi-bin/pay.cgi": "#! /opt/python/bin/python3.11 -u\r\n", "bin/move": "#!/bin/sh\npython3 x.py\n",
         "Makefile": "all:\n", "notes.txt": "#!/usr/bin/python\n", ".env": "#!/usr/bin/python\n", "bin/empty": ""},
        ["bin/serve", "bin/work", "cgi-bin/pay.cgi"],
    ),
    "not what was installed": (
        dict.fromkeys(["app.py", "node_modules/x/i.js", ".venv/lib/x.py", "vendor/y.py", "a/__pycache__/z.py"], ""),
        ["app.py"],
    ),
    "not a virtual environment of any name": (
        {"app.py": "", "env-3/pyvenv.cfg": "", "env-3/lib/x.py": ""},
        ["app.py"],
    ),
    "not the output of a build, beside a manifest": (
        {"package.json": "{}", "src/a.ts": "", "dist/a.js": "", "tools/build/b.py": ""},
        ["src/a.ts", "tools/build/b.py"],
    ),
    "not what git ignores": (
        {".gitignore": "*.gen.py\n/local/\n!keep.gen.py\n", "a.py": "", "a.gen.py": "", "keep.gen.py": "",
         "local/b.py": "", "deep/local/c.py": ""},
        ["a.py", "deep/local/c.py", "keep.gen.py"],
    ),
    "nearer ignore files are stronger": (
        {".gitignore": "*.tmp.py\n", "sub/.gitignore": "!*.tmp.py\nonly.py\n", "x.tmp.py": "", "sub/x.tmp.py": "",
         "sub/only.py": "", "only.py": ""},
        ["only.py", "sub/x.tmp.py"],
    ),
    "nothing comes back from under an ignored directory": (
        {".gitignore": "gone/\n", "gone/.gitignore": "!*\n", "gone/a.py": "", "b.py": ""},
        ["b.py"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_code(tmp_path: Path, case: str) -> None:
    files, expected = CASES[case]
    assert list(discover(plant(tmp_path, files)).code) == expected


def test_as_git_sees_it(tmp_path: Path) -> None:
    """The same tree, asked of git itself."""
    files, _ = CASES["not what git ignores"]
    plant(
        tmp_path, files | {"sub/.gitignore": "b.py\n!/a.gen.py\n", "sub/a.gen.py": "", "sub/b.py": "", "sub/c.py": ""}
    )
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    listed = subprocess.run(
        ["git", "-C", str(tmp_path), "ls-files", "-co", "--exclude-standard", "*.py"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert list(discover(tmp_path).code) == sorted(listed.stdout.split())


def test_ignore_files_above_the_root(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            ".git/HEAD": "",
            ".gitignore": "/app/made/\n*.out.py\n",
            "app/made/a.py": "",
            "app/b.out.py": "",
            "app/c.py": "",
        },
    )
    assert list(discover(tmp_path / "app").code) == ["c.py"]


def test_exclude_is_stronger_than_any_ignore_file(tmp_path: Path) -> None:
    plant(tmp_path, {".gitignore": "*.gen.py\n", "a.gen.py": "", "b.py": "", "sub/c.py": ""})
    assert list(discover(tmp_path, ("sub/", "!*.gen.py")).code) == ["a.gen.py", "b.py"]


def test_context_beside_code(tmp_path: Path) -> None:
    names = [
        "package.json",
        "pyproject.toml",
        "requirements-dev.txt",
        "prisma/schema.prisma",
        "tsconfig.base.json",
        "up.sql",
    ]
    plant(tmp_path, dict.fromkeys([*names, "other.json", "a.py"], ""))
    assert list(discover(tmp_path).context) == sorted(names)


def test_symbolic_links_are_counted_and_not_followed(tmp_path: Path) -> None:
    plant(tmp_path, {"real/a.py": ""})
    (tmp_path / "real" / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "again.py").symlink_to(tmp_path / "real" / "a.py")
    (tmp_path / "dangling.py").symlink_to(tmp_path / "nowhere.py")
    found = discover(tmp_path)
    assert list(found.code) == ["real/a.py"]
    assert found.skipped["symbolic links"] == 3


def test_links_to_code_outside_are_reported(tmp_path: Path) -> None:
    plant(tmp_path, {"shop/deep/a.py": "", "papers/a.txt": "", "tools/node_modules/x.js": "", "app/main.py": ""})
    root = tmp_path / "app"
    (root / "backend").symlink_to("../shop", target_is_directory=True)
    (root / "b.py").symlink_to(tmp_path / "shop" / "deep" / "a.py")
    (root / "c.JS").symlink_to("/dev/null")
    (root / "papers").symlink_to("../papers", target_is_directory=True)
    (root / "tools").symlink_to("../tools", target_is_directory=True)
    (root / "node_modules").symlink_to("../shop", target_is_directory=True)
    (root / "hidden").symlink_to("../shop", target_is_directory=True)
    (root / "main2.py").symlink_to("main.py")
    (root / "self").symlink_to(".", target_is_directory=True)
    (root / "round").symlink_to("round")
    (root / "gone.py").symlink_to("../nowhere.py")
    (root / "serve").symlink_to("../shop/serve")
    (root / ".gitignore").write_text("/hidden\n")
    found = discover(root)
    assert list(found.code) == ["main.py"]
    assert [it.path for it in found.unread if it.is_code] == ["b.py", "backend", "c.JS"]
    assert len(found.unread) == 3
    assert "to ../shop, outside" in found.unread[1].why
    assert all("outside of the audited folder" in it.why and "audit" in it.why for it in found.unread)


def test_a_linked_folder_too_large_to_know_is_reported(tmp_path: Path) -> None:
    plant(tmp_path, {"app/main.py": "", **dict.fromkeys([f"data/{n}.bin" for n in range(LOOKS + 1)], "")})
    (tmp_path / "app" / "data").symlink_to("../data", target_is_directory=True)
    assert [(it.path, it.is_code) for it in discover(tmp_path / "app").unread] == [("data", False)]


def test_code_that_is_not_read_is_counted(tmp_path: Path) -> None:
    names = ["a.py", "b.ipynb", "c/D.IPYNB", "e.vue", "f.go", "node_modules/g.go", "h.rb"]
    plant(tmp_path, {**dict.fromkeys(names, ""), ".gitignore": "*.rb\n"})
    assert discover(tmp_path).others == {"Jupyter": 2, "Vue": 1, "Go": 1}


def test_a_link_may_be_the_root(tmp_path: Path) -> None:
    plant(tmp_path, {"real/a.py": ""})
    (tmp_path / "link").symlink_to(tmp_path / "real", target_is_directory=True)
    assert list(discover(tmp_path / "link").code) == ["a.py"]


def test_one_file(tmp_path: Path) -> None:
    plant(tmp_path, {"a.py": "", "b.py": ""})
    assert list(discover(tmp_path / "a.py").code) == ["a.py"]


def test_what_cannot_be_entered_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, {"open/a.py": "", "shut/b.py": ""})
    (tmp_path / "shut").chmod(0)
    if os.access(tmp_path / "shut", os.R_OK):  # the superuser enters everything: let the system call say no instead
        scandir = os.scandir

        def refuse(path):
            if str(path).endswith(("shut", "shut/")):
                raise PermissionError(13, "Permission denied")
            return scandir(path)

        monkeypatch.setattr(os, "scandir", refuse)
    found = discover(tmp_path)
    (tmp_path / "shut").chmod(0o755)
    assert list(found.code) == ["open/a.py"]
    assert [(it.path, "permission denied" in it.why) for it in found.unread] == [("shut", True)]


def test_names_that_are_no_text_are_reported(tmp_path: Path) -> None:
    plant(tmp_path, {"a.py": ""})
    with open(os.fsencode(tmp_path) + b"/b\xff.py", "w"):
        pass
    found = discover(tmp_path)
    assert list(found.code) == ["a.py"]
    assert [it.why for it in found.unread] == ["its name is not UTF-8"]


def test_pipes_are_not_read(tmp_path: Path) -> None:
    plant(tmp_path, {"a.py": ""})
    os.mkfifo(tmp_path / "pipe.py")
    assert list(discover(tmp_path).code) == ["a.py"]


def test_deeper_than_the_stack(tmp_path: Path) -> None:
    """Paths have limits of their own; within them the walk goes as deep as the tree does."""
    deep = [tmp_path / "d"]
    while len(deep) <= sys.getrecursionlimit():
        deep.append(deep[-1] / "d")
    try:
        for folder in deep:
            os.mkdir(folder)
        (deep[-1] / "a.py").write_text("")
        assert len(discover(tmp_path).code) == 1
    finally:  # what removes temporary folders is recursive
        (deep[-1] / "a.py").unlink(missing_ok=True)
        for folder in reversed(deep):
            os.rmdir(folder)


def test_a_root_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        discover(tmp_path / "nowhere")
