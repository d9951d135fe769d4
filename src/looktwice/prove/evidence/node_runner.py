"""Which test runner a Node project uses, and which files it takes for tests.

Configuration in JavaScript is read as text: what it names in plain strings is understood.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any

from msgspec import Struct

from looktwice.prove.app.sources.text import text_of

_PYTHON = ("pyproject.toml", "setup.py", "setup.cfg", "pytest.ini", "manage.py", "requirements.txt", "Pipfile")
_RUNNERS = ("vitest", "jest", "mocha")
_DEFAULTS: Mapping[str, tuple[str, ...]] = {
    "vitest": ("**/*.{test,spec}.?(c|m)[jt]s?(x)",),
    "jest": ("**/__tests__/**/*.[jt]s?(x)", "**/?(*.)+(spec|test).[jt]s?(x)"),
    "mocha": ("test/*.{js,cjs,mjs}",),
    "node:test": ("**/*.test.{cjs,mjs,js,cts,mts,ts}", "**/test/**/*.{cjs,mjs,js,cts,mts,ts}"),
}
_CONFIGURATIONS: Mapping[str, tuple[str, ...]] = {
    "vitest": ("vitest.config", "vite.config"),
    "jest": ("jest.config",),
    "mocha": (".mocharc",),
    "node:test": (),
}
_ENDINGS = (".ts", ".mts", ".cts", ".js", ".mjs", ".cjs", ".json", ".yml", ".yaml", "")
_FOLDERS = ("tests", "test", "__tests__", "src/__tests__", "spec")
_OTHER_FOLDERS = ("src", "lib", "")
_NAMES = ("{}.test", "{}.spec", "{}.e2e-spec", "{}-test", "{}_test", "{}")
_STRING = re.compile(
    r"""(?P<quote>["'`])(?P<text>(?:\\.|(?!(?P=quote)).)*)(?P=quote)|(?<![\w*])/(?P<regex>[^/\n*][^/\n]*)/"""
)


class Runner(Struct, frozen=True):
    """`name` is "vitest", "jest", "mocha" or "node:test". `globs` are relative to the project, `regexes` are searched
    in a file's whole path; `folders` are where it looks, "" for everywhere."""

    name: str
    globs: tuple[str, ...] = ()
    regexes: tuple[str, ...] = ()
    folders: tuple[str, ...] = ("",)
    is_module: bool = False  # JavaScript files are ES modules
    is_typed: bool = False
    has_globals: bool = True  # whether jest's `test` is taken from nowhere

    def takes(self, path: str, root: Path) -> bool:
        """Whether a file at `path`, relative to the project, is taken for a test."""
        from wcmatch import glob

        flags = glob.GLOBSTAR | glob.BRACE | glob.EXTGLOB
        if not any(not folder or path.startswith(f"{folder}/") for folder in self.folders):
            return False
        if self.regexes:
            return any(_searches(pattern, f"{root.resolve().as_posix()}/{path}") for pattern in self.regexes)
        return any(glob.globmatch(path, pattern, flags=flags) for pattern in self.globs)

    def place(self, name: str, root: Path) -> str:
        """Where a test of that name goes: the first of the usual places that the runner looks at."""
        there = [folder for folder in _FOLDERS if (root / folder).is_dir()]
        folders = dict.fromkeys([*there, "tests", *self.folders, *_OTHER_FOLDERS, *_FOLDERS])
        endings = ("ts", "mts", "js", "mjs") if self.is_typed else ("mjs", "js", "cjs")
        if not self.is_typed and self.name == "jest":
            endings = ("js", "mjs", "cjs")  # which jest transforms
        tries = [
            f"{folder}/looktwice/{form.format(name)}.{ending}".lstrip("/")
            for folder in folders
            for form in _NAMES
            for ending in endings
        ]
        named = [_named_by_glob(pattern, name, self.is_typed) for pattern in self.globs]
        tries += [f"{folder}/{path}".lstrip("/") for path in named for folder in ("", *folders)]
        tries += [f"{folder}/{_named_by_regex(regex, name)}" for regex in self.regexes for folder in folders if folder]
        flat = [path.replace("looktwice/", "", 1) for path in tries]  # a pattern may allow no folder below its own
        return next((path for path in (*tries, *flat) if self.takes(path, root)), tries[0])


def is_node(root: Path) -> bool:
    """Whether the project's tests are Node's."""
    return (root / "package.json").is_file() and not any((root / name).is_file() for name in _PYTHON)


def runner_of(root: Path) -> Runner:
    """The runner that `npm test` calls, else one that is installed, else Node's own."""
    manifest = _json(root / "package.json")
    script = str(_mapping(manifest.get("scripts")).get("test", ""))
    installed = {**_mapping(manifest.get("dependencies")), **_mapping(manifest.get("devDependencies"))}
    called = (name for name in _RUNNERS if re.search(rf"\b{name}\b", script))
    own = "node:test" if re.search(r"\bnode\b.*--test\b", script) else None
    name = next(called, None) or own or next((it for it in _RUNNERS if it in installed), "node:test")
    settings = _settings(root, name, manifest, script)
    base = _base(settings)
    globs = settings.strings("include", "testMatch", "spec") or (_in_script(script) if name == "node:test" else [])
    folders = tuple(_folder(base, it) for it in settings.strings("roots", "dir")) or (base,)
    return Runner(
        name=name,
        globs=tuple(_glob(base, it) for it in globs) or tuple(_glob(base, it) for it in _DEFAULTS[name]),
        regexes=tuple(settings.strings("testRegex")),
        folders=folders,
        is_module=manifest.get("type") == "module",
        is_typed=(root / "tsconfig.json").is_file(),
        has_globals="@jest/globals" not in installed,
    )


def _named_by_glob(pattern: str, name: str, is_typed: bool) -> str:
    """A path that the pattern takes: its folders up to the first that is open, and its last part with the name."""
    *folders, last = pattern.split("/")
    known = list(takewhile(lambda part: not re.search(r"[*?{(\[]", part), folders))
    plain = re.sub(r"[?*]\([^)]*\)", "", last)
    plain = re.sub(r"[+@]\(([^)|]*)[^)]*\)", r"\1", plain)
    plain = re.sub(r"\{([^,}]*)[^}]*\}", r"\1", plain)
    plain = re.sub(r"\[([^\]]+)\]", lambda found: "t" if is_typed and "t" in found[1] else found[1][0], plain)
    file = plain.replace("*", name, 1).replace("*", "") if "*" in plain else f"{name}.{plain.lstrip('.')}"
    return "/".join([*known, "looktwice", file])


def _named_by_regex(pattern: str, name: str) -> str:
    """A file that the pattern takes, when what it ends with is spelled out: `.*\\.unit\\.js$`."""
    ending = re.sub(r"[\\^]", "", pattern.rpartition(".*")[2].removesuffix("$"))
    return f"looktwice/{name}{ending}"


class _Settings(Struct, frozen=True):
    """The runner's own configuration: a JSON value, or the text of a script."""

    value: Mapping[str, Any] = {}
    text: str = ""

    def strings(self, *names: str) -> list[str]:
        """The strings that one of the settings has, wherever it stands; nothing when it is not spelled out."""
        for name in names:
            found = _plain(self.value.get(name)) if self.value else _assigned(self.text, name)
            if found:
                return found
        return []


def _settings(root: Path, name: str, manifest: Mapping[str, Any], script: str) -> _Settings:
    named = re.search(r"(?:--config|-c)[ =](\S+)", script)
    files = [root / named[1]] if named else []
    files += [root / f"{stem}{ending}" for stem in _CONFIGURATIONS[name] for ending in _ENDINGS]
    for path in files:
        if path.is_file():
            if path.suffix in (".json", ".yml", ".yaml", ""):  # JSON is YAML
                return _Settings(value=_yaml(path))
            return _Settings(text=_uncommented(text_of(path)))
    return _Settings(value=_mapping(manifest.get(name)))


def _assigned(text: str, name: str) -> list[str]:
    """`name: "x"` or `name: ["x", /y/]`; where it is there twice (coverage has an `include` too), that of tests."""
    found = []
    for match in re.finditer(rf"""["']?\b{name}["']?\s*[:=]\s*""", text):
        rest = text[match.end() :]
        if rest.startswith("["):
            found.append([_value(it) for it in _STRING.finditer(rest[: _closing(rest)])])
        elif one := _STRING.match(rest):
            found.append([_value(one)])
    about_tests = (it for it in found if re.search("test|spec", " ".join(it)))
    return next(about_tests, next((it for it in found if it), []))


def _value(found: re.Match[str]) -> str:
    if found["regex"] is not None:
        return found["regex"].replace("\\/", "/")
    return re.sub(r"\\(.)", r"\1", found["text"])


def _closing(text: str) -> int:
    """Where a list ends that begins with the text; brackets inside strings count for nothing."""
    bare = _STRING.sub(lambda found: " " * len(found[0]), text)
    depth = 0
    for at, letter in enumerate(bare):
        depth += (letter == "[") - (letter == "]")
        if depth == 0:
            return at
    return len(text)


def _uncommented(text: str) -> str:
    return re.sub(r"(?m)^\s*//.*$|(?<=[,;{\[])\s*//.*$|^\s*/\*[^*]*\*+(?:[^/*][^*]*\*+)*/", "", text)


def _base(settings: _Settings) -> str:
    root = next(iter(settings.strings("rootDir", "root")), "")
    return _folder("", root.replace("<rootDir>", ""))


def _folder(base: str, name: str) -> str:
    plain = re.sub(r"^(?:<rootDir>|\$\{\w+\})/?", "", name).strip("./")
    return "/".join(part for part in (base, plain) if part)


def _glob(base: str, pattern: str) -> str:
    own = pattern.startswith("<rootDir>")
    plain = re.sub(r"^(?:<rootDir>)?(?:\./|/)?", "", pattern)
    return f"{base}/{plain}" if base and (own or not plain.startswith("**/")) else plain


def _in_script(script: str) -> list[str]:
    """The patterns that `node --test` is given."""
    words = (word.strip("\"'") for word in script.partition("--test")[2].split())
    return [word for word in words if "*" in word and not word.startswith("-")]


def _searches(pattern: str, path: str) -> bool:
    try:
        return re.search(pattern, path) is not None
    except re.error:
        return False


def _plain(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [str(it) for it in value] if isinstance(value, list) else []


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _yaml(path: Path) -> dict[str, Any]:
    import yaml  # type: ignore[import-untyped]

    try:
        return _mapping(yaml.safe_load(text_of(path)))
    except (yaml.YAMLError, RecursionError):
        return {}


def _json(path: Path) -> dict[str, Any]:
    try:
        return _mapping(json.loads(text_of(path)))
    except (ValueError, RecursionError):
        return {}
