"""What an audit makes of the coverage: gaps that the user accepts, and the patterns that could not be checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from looktwice.audit.known import patterns
from looktwice.code.coverage.files import is_aside
from looktwice.code.coverage.packages import GIVES, packages
from looktwice.core.config import Gap
from looktwice.core.coverage import KINDS, Coverage, Package, Understanding
from looktwice.core.event import Noted, Unread

STORES = frozenset(("framework", "store"))
SERVICES = frozenset(("queue", "payment", "mail", "client"))
"""Roles of packages by what their calls are: those of a framework that has any are its store's."""


def accepted_unread(unread: Iterable[Unread], gaps: Iterable[Gap]) -> Iterator[Unread]:
    """What was not read, where it is code of the application that nobody has accepted as a gap: tests, scripts and
    the like are none."""
    paths = {gap.package.strip() for gap in gaps}
    for each in unread:
        yield replace(each, is_code=each.is_code and not is_aside(each.path) and each.path not in paths)


def applied(
    coverage: Coverage, gaps: Iterable[Gap], active: frozenset[str], unread: Iterable[Unread] = (), *, is_part: bool
) -> tuple[Coverage, tuple[Noted, ...]]:
    """The coverage with the user's gaps and the patterns that were not checked, and what is wrong with the gaps.

    active: codes of the patterns that were asked for. unread: files that could not be read, which a gap may name.
    is_part: single files were asked for, not a program.
    """
    paths = {it.path for it in unread}
    gaps = tuple(gap for gap in gaps if gap.package.strip() not in paths)
    judged = tuple(accepted(each, gaps) for each in coverage.packages)
    coverage = replace(coverage, packages=judged, is_part=is_part)
    coverage = replace(coverage, not_checked=tuple(code for code in not_checked(coverage) if code in active))
    return coverage, () if is_part else tuple(unused(coverage, gaps))


def accepted(package: Package, gaps: Iterable[Gap]) -> Package:
    """The package with the reason for which the user accepts that it is not understood."""
    if package.verdict is Understanding.UNDERSTOOD:
        return package
    reason = next((gap.reason for gap in gaps if speaks_of(gap, package)), "")
    return replace(package, gap=reason) if reason else package


def speaks_of(gap: Gap, package: Package) -> bool:
    """Whether a gap is about a package, under any of its names and however dashes are written."""
    return spelled(gap.package) in {spelled(each) for each in packages(package.language).names(package.name)}


def spelled(name: str) -> str:
    return name.strip().lower().replace("-", "_")


def not_checked(coverage: Coverage) -> Iterator[str]:
    """Codes of the patterns that need something that was not understood."""
    missing = {need for each in coverage.of(Understanding.NOT) if not each.is_aside for need in lacking(each)}
    for pattern in patterns().patterns:
        if missing & set(pattern.page.header.needs):
            yield pattern.code


def lacking(package: Package) -> Iterator[str]:
    """What patterns need, as pages name it, and cannot have where a package is not understood: by what of it was seen
    and not understood, or, where nothing was seen but its import, by all that there is to understand of it.

    Statements of SQL are run by one or two methods of a package: where any of its calls was understood, they are.
    """
    roles = frozenset(package.role.split(", "))
    kinds = {kind for kind in KINDS if getattr(package, kind).missing} or kinds_of(package)
    if "handlers" in kinds:
        yield "handlers"
    if kinds & {"entities", "calls"} and roles & STORES:
        yield "store"
    if "calls" in kinds and roles & STORES and not package.calls.understood:
        yield "statements"
    if "calls" in kinds and roles & SERVICES:
        yield "services"


def kinds_of(package: Package) -> frozenset[str]:
    """What there is to understand of a package, by the table of packages, else by its role."""
    found = packages(package.language).find(package.name)
    if found is not None and found[1].kinds:
        return frozenset(found[1].kinds)
    return frozenset(kind for role in package.role.split(", ") for kind in GIVES.get(role, ()))


def unused(coverage: Coverage, gaps: Iterable[Gap]) -> Iterator[Noted]:
    """A note on every gap that is none."""
    for gap in gaps:
        named = [each for each in coverage.packages if speaks_of(gap, each)]
        if not any(each.gap for each in named):
            why = "is understood" if named else "is not used here"
            yield Noted(f"[audit] known_gaps: {gap.package} {why}: remove it")
