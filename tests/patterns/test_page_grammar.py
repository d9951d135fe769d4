"""The grammar of pattern pages: what is parsed, and the error for each mistake."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from looktwice.core.finding import Role, Severity
from looktwice.patterns.fences import Kind, PageError
from looktwice.patterns.page import HEADINGS, Page, load, parse
from looktwice.patterns.programs import programs

FRONT = """\
+++
code = "LT999"
name = "sleepy-cat"
severity = "high"
status = "stable"
cwe = [362]
sources = ["a book"]
summary = "The cat sleeps."
question = "Is the cat awake?"
guideline = "Wake the cat."
experiment = "twice"
[messages]
asleep = "{entity} sleeps since {read}."
[messages.dozing]
text = "It dozes."
severity = "low"
[board]
trace = "cat.json"
goal = "Wake it."
predict = [["it wakes", "No."], ["it sleeps", "Yes."]]
+++
"""

BODY = """\
```python context=cat with=zoo
cat = Cat()
```
## What it looks like
It lies there.
```python bad case=nap context=cat title="A nap"
def nap():
    x = cat.look()  # role: read
    cat.sleep(x)  # finds: LT999; role: write
```
## Why a model writes it
Cats sleep.
## What happens in production
Mice.
## Do this instead
**Wake it.**
```python good case=nap context=cat
def nap():
    cat.wake_up_now()
```
```python good case=nap file=one.py
def wake():
    pass
```
```python good case=nap file=two.py
from one import wake
```
## Wrong turns
- **Shout.** It does
  not listen.
- **Push it.** It turns over.
```python bad case=nap turn=push
cat.push()  # finds: LT999
```
## When it is fine
- At night.
## Hints
1. **Look.** At the cat.
2. **Ask.** The cat.
3. **Name.** The cat.
4. **Show.** `cat.wake_up_now()`
"""

PAGE = FRONT + BODY
PRELUDES = {"zoo.py": "from zoo import Cat\n"}


def test_a_page_is_parsed_completely() -> None:
    page = parse(PAGE, "cat.md")
    assert page.header.severity is Severity.HIGH
    assert page.header.message("asleep").severity is None
    assert page.header.message("dozing").severity is Severity.LOW
    assert page.header.board is not None and page.header.board.predict[1] == ("it sleeps", "Yes.")
    assert tuple(section.heading for section in page.sections) == HEADINGS
    assert [(turn.title, turn.text, len(turn.fences)) for turn in page.turns] == [
        ("Shout", "It does not listen.", 0),
        ("Push it", "It turns over.", 1),
    ]
    assert [hint.name for hint in page.hints] == ["Look", "Ask", "Name", "Show"]
    assert page.section("Do this instead").prose == "**Wake it.**"


def test_programs_are_complete_and_their_marks_are_shifted() -> None:
    bad, good, two_files, turn = programs(parse(PAGE), PRELUDES)
    assert bad.main.text == ("from zoo import Cat\n\ncat = Cat()\n\ndef nap():\n    x = cat.look()\n    cat.sleep(x)\n")
    assert (bad.main.path, bad.main.shown, bad.title) == ("nap.py", 5, "A nap")
    assert [(mark.line, mark.finds, mark.roles) for mark in bad.main.marks] == [
        (6, (), (Role.READ,)),
        (7, ("LT999",), (Role.WRITE,)),
    ]
    assert good.kind is Kind.GOOD and not good.main.marks
    assert [file.path for file in two_files.files] == ["one.py", "two.py"]
    assert (turn.kind, turn.turn) == (Kind.BAD, "push")


def test_a_repeated_file_starts_the_next_program() -> None:
    again = "```python good case=nap file=one.py\ndef wake():\n    return 1\n```\n## Wrong turns"
    page = parse(PAGE.replace("## Wrong turns", again))
    assert [len(program.files) for program in programs(page, PRELUDES) if program.main.path == "one.py"] == [2, 1]


def test_the_system_of_a_fence_overrides_that_of_the_page() -> None:
    text = PAGE.replace("[messages]\n", "[system]\nregions = 1\nworkers = 2\n[messages]\n", 1)
    page = parse(text.replace('title="A nap"', 'system="regions=3"'))
    assert programs(page, PRELUDES)[0].system == {"regions": "3", "workers": 2}


BROKEN = [
    # replaced text, replacement, line of the error (0: not checked), part of its message
    ("+++\ncode", "code", 1, "no front matter"),
    ("+++\n```python context", "```python context", 1, "does not end"),
    ('code = "LT999"\n', 'code = LT999"\n', 2, "not TOML"),
    ('code = "LT999"\n', "", 1, "missing required field `code`"),
    ('code = "LT999"', 'code = "D999"', 2, "code"),
    ('severity = "high"', 'severity = "grave"', 4, "severity"),
    ('status = "stable"', 'status = "done"', 5, "status"),
    ('summary = "The cat sleeps."', f'summary = "{"x" * 121}"', 8, "summary"),
    ('question = "Is', f'question = "{"x" * 100}Is', 9, "question"),
    ('guideline = "Wake', f'guideline = "{"x" * 140}Wake', 10, "guideline"),
    ("cwe = [362]", 'cwe = [362]\ncolour = "red"', 7, "colour"),
    ('asleep = "{entity}', 'Asleep = "{entity}', 0, "the message id 'Asleep'"),
    ('asleep = "{entity}', 'asleep = "{entity', 0, "asleep"),
    ('asleep = "{entity}', 'asleep = "{0}', 0, "placeholder '{0}'"),
    ('predict = [["it wakes", "No."], ["it sleeps", "Yes."]]', 'predict = [["it wakes", "No."]]', 0, "predict"),
    ('experiment = "twice"\n', "", 1, "a board without an experiment"),
    ("## What it looks like\n", "## What it looks like\n### Deeper\n", 0, "heading '### Deeper'"),
    ("## Why a model writes it\nCats sleep.\n", "", 0, "expected '## Why a model writes it'"),
    ("## Why a model writes it\nCats sleep.\n", "## Why a model writes it\n", 0, "has no text"),
    ("## Hints\n", "## Notes\n", 0, "expected '## Hints'"),
    ("## What it looks like\n", "Hello.\n## What it looks like\n", 0, "text before the first heading"),
    ("```\n## Wrong turns", "## Wrong turns", 0, "a good fence with turn=|a marker in a good|not closed"),
    ("```python bad case=nap context=cat", "```cobol bad case=nap context=cat", 0, "language 'cobol'"),
    ("```python bad case=nap context=cat", "```python case=nap context=cat", 0, "this one is 'nothing'"),
    ("```python bad case=nap context=cat", "```python bad context=cat", 0, "without a case"),
    ("```python bad case=nap context=cat", "```python bad case=Nap context=cat", 0, "case=Nap is not a name"),
    ("```python bad case=nap context=cat", "```python bad case=nap context=dog", 0, "no context 'dog'"),
    ("```python bad case=nap context=cat", "```python bad case=nap case=nap context=cat", 0, "'case' occurs twice"),
    ("```python bad case=nap context=cat", "```python bad case=nap mood=bad context=cat", 0, "attribute 'mood'"),
    ("```python bad case=nap context=cat", "```python bad case= context=cat", 0, "'case' has no value"),
    ('title="A nap"', 'title="A nap', 0, "quotation mark"),
    ('title="A nap"', "system=regions", 0, "not a fact"),
    ("file=one.py", "file=../one.py", 0, "leaves the program's folder"),
    ("good case=nap file=one.py", "good case=nap turn=one file=one.py", 0, "a good fence with turn="),
    ("# finds: LT999; role: write", "# finds: 999", 0, "'finds: 999' is not a marker"),
    ("# finds: LT999; role: write", "# finds: LT999; role: cat", 0, "'role: cat' is not a marker"),
    ("# finds: LT999; role: write", "", 0, "marks no finding"),
    ("    cat.wake_up_now()\n", "    cat.wake_up_now()  # role: read\n", 0, "a marker in a good fence"),
    ("    cat.sleep(x)  # finds", "    # finds", 0, "a separate line"),
    ("- **Shout.** It does", "- Shout. It does", 0, "starts in bold"),
    ("bad case=nap turn=push", "bad case=nap", 0, "without turn="),
    (
        "## Wrong turns\n",
        "## Wrong turns\n```python bad case=nap turn=a\nx()  # finds: LT999\n```\n",
        0,
        "not introduced",
    ),
    ("2. **Ask.** The cat.\n", "", 0, "hint 2 is not 'Ask'"),
    ("3. **Name.** The cat.", "3. **Name.** Say cat.wake_up_now()", 0, "reveals"),
    ("4. **Show.** `cat.wake_up_now()`\n", "", 0, "3 lines of hints"),
    ("bad case=nap context=cat", "bad case=doze context=cat", 0, "'doze' has no remedy in python"),
    (
        "- **Push it.** It turns over.\n```python bad case=nap turn=push\ncat.push()  # finds: LT999\n```\n",
        "",
        0,
        "1 bad",
    ),
    ("```python context=cat with=zoo", "```python context=dog with=zoo", 0, "no context 'cat'"),
    ("```python context=cat with=zoo", "```sql context=cat", 0, "without a file"),
    (
        "```\n## What it looks",
        "```\n```python context=cow\nmoo()\n```\n## What it looks",
        0,
        "nothing uses the context 'cow'",
    ),
    (
        "```\n## What it looks",
        "```\n```python context=cat\nmoo()\n```\n## What it looks",
        0,
        "the context 'cat' is defined twice",
    ),
]


@pytest.mark.parametrize(("old", "new", "line", "part"), BROKEN, ids=[case[3] for case in BROKEN])
def test_a_mistake_is_one_error_with_its_line(old: str, new: str, line: int, part: str) -> None:
    assert old in PAGE
    with pytest.raises(PageError) as caught:
        parse(PAGE.replace(old, new, 1), "cat.md")
    assert any(one in str(caught.value) for one in part.split("|")), str(caught.value)
    assert caught.value.next, "an error names the correction"
    assert 1 <= caught.value.line <= PAGE.count("\n") + 4
    if line:
        assert caught.value.line == line


def test_a_program_without_its_prelude_is_an_error() -> None:
    with pytest.raises(PageError, match=r"_preludes/zoo\.py"):
        programs(parse(PAGE), {})


def test_a_page_that_is_not_utf8_is_an_error(tmp_path) -> None:
    path = tmp_path / "cat.md"
    path.write_bytes(PAGE.encode() + b"\xff\xfe")
    with pytest.raises(PageError, match="UTF-8"):
        load(path)


LINES = st.sampled_from(
    [
        *PAGE.splitlines(),
        "",
        "```",
        "````python bad",
        "# x",
        "## Hints",
        "+++",
        "[a]",
        "- **x** y",
        "x = [",
        "\t",
        "\x00",
        "é",
    ]
)


@given(st.one_of(st.text(), st.lists(LINES, max_size=70).map("\n".join)))
@settings(max_examples=150, deadline=None)
def test_any_text_is_a_page_or_one_clear_error(text: str) -> None:
    assert_page_or_error(text)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_a_damaged_page_is_a_page_or_one_clear_error(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(PAGE)))
    end = data.draw(st.integers(start, min(len(PAGE), start + 40)))
    assert_page_or_error(PAGE[:start] + data.draw(st.text(max_size=8)) + PAGE[end:])


def assert_page_or_error(text: str) -> None:
    try:
        page = parse(text, "any.md")
        assert isinstance(page, Page)
        programs(page, PRELUDES)
    except PageError as error:
        assert str(error).startswith("any.md:")
        assert error.why and error.next
