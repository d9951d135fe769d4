"""The coverage in words, the same in every output: a headline of few lines, and a table of all packages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from looktwice.core.coverage import KINDS, Count, Coverage, Package, Understanding
from looktwice.render.renderer import Guide
from looktwice.render.words import plural

THINGS: Mapping[str, tuple[str, str, str]] = {
    "handlers": ("route", "routes", "about "),
    "entities": ("entity", "entities", "about "),
    "calls": ("call", "calls", ""),
}
"""What the kinds are called, one and several, after a word of doubt for what is recognised by its shape."""

ADVICE = (
    "Describe it under [models] in looktwice.toml, or accept it under [audit]: "
    'known_gaps = [{ package = "NAME", reason = "…" }]'
)
TABLE = ("package", "role", "files", "handlers", "entities", "calls", "verdict")


def headline(coverage: Coverage, guides: Mapping[str, Guide]) -> list[str]:
    """What has to be reported before any finding; no lines when everything was understood.

    guides: names of the patterns that were not checked, by code.
    """
    if coverage.fault:
        return [
            f"How much was understood could not be measured: {coverage.fault}.",
            "This is a bug in looktwice; please report it.",
        ]
    own = [each for each in coverage.packages if not each.is_aside]
    missing = [each for each in own if each.verdict is Understanding.NOT and not each.gap]
    ranked = sorted(missing, key=weight)
    lines = [
        *line("Read, but not understood", (described(it) for it in ranked if not it.is_minor)),
        *line("Understood in part", (in_part(it) for it in own if it.verdict is Understanding.PARTLY and not it.gap)),
        *line("Not understood, in few places", (described(it) for it in ranked if it.is_minor)),
        *line("Known gaps", (f"{described(it)}: {it.gap}" for it in coverage.packages if it.gap)),
        *line("Not understood, in tests and scripts only", (it.name for it in beside(coverage))),
    ]
    if missing and coverage.not_checked:
        lines.append(unchecked(coverage.not_checked, guides))
    return [*lines, *([ADVICE] if missing else [])]


def unchecked(codes: Sequence[str], guides: Mapping[str, Guide]) -> str:
    """Which patterns were not checked; a list of all of them would only be long."""
    if guides and set(guides) <= set(codes):
        return "No pattern can be checked there"
    return f"Not checked there: {', '.join(guides[code].name if code in guides else code for code in codes)}"


def line(title: str, parts: Iterable[str]) -> Iterator[str]:
    if text := ", ".join(parts):
        yield f"{title}: {text}"


def beside(coverage: Coverage) -> Iterator[Package]:
    return (it for it in coverage.of(Understanding.NOT) if it.is_aside and not it.gap)


def weight(package: Package) -> tuple[bool, int, str]:
    """Packages that decide come first, then those with most to understand."""
    return not package.decides, -package.missing, package.name


def described(package: Package) -> str:
    """ "mongoose (about 4 entities, 31 calls)"."""
    counts = ((kind, getattr(package, kind).missing) for kind in KINDS)
    parts = [counted(kind, number, package) for kind, number in counts if number]
    imported = f"imported in {plural(package.files or package.aside, 'file')}"
    unknown = "; not traced to a library" if package.is_nowhere else ""
    return f"{package.name} ({', '.join(parts) or imported}{unknown})"


def counted(kind: str, number: int, package: Package) -> str:
    one, several, doubt = THINGS[kind]
    if kind == "handlers" and package.role == "queue":
        one, several = "job", "jobs"
    return f"{doubt}{plural(number, one, several)}"


def in_part(package: Package) -> str:
    """ "sqlalchemy (32 of 41 calls)"."""
    parts = [
        f"{count.understood:,} of {counted(kind, count.seen, package)}"
        for kind in KINDS
        if (count := getattr(package, kind)).missing
    ]
    return f"{package.name} ({', '.join(parts)})" if parts else package.name


def unfinished(coverage: Coverage) -> str:
    """Why an audit without findings is not done; "" when it is."""
    if coverage.is_done:
        return ""
    if coverage.fault:
        return "how much of it was understood could not be measured"
    names = [each.name for each in sorted(coverage.missing, key=weight)]
    listed = ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + names[-1]
    return f"{listed} {'was' if len(names) == 1 else 'were'} not understood"


def not_read(paths: Sequence[str]) -> str:
    """Which places that hold code of the application were not read; "" for none."""
    if not paths:
        return ""
    more = f" and {plural(len(paths) - 1, 'other', 'others')}" if len(paths) > 1 else ""
    return f"the code in {paths[0]}{more} was not read"


def rows(coverage: Coverage) -> list[tuple[str, ...]]:
    """The table of packages, without its head: what was understood of what was seen."""
    return [
        (
            each.name,
            each.role,
            str(each.files) if each.files else f"{each.aside} beside",
            *(share(getattr(each, kind)) for kind in KINDS),
            f"{each.verdict}{', a known gap' if each.gap else ''}",
        )
        for each in coverage.packages
    ]


def share(count: Count) -> str:
    return f"{count.understood:,} of {count.seen:,}" if count.seen else "–"
