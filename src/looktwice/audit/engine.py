"""The audit itself: a generator of events over discover → gate → build → match → dedupe → suppress."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from time import perf_counter

import msgspec

from looktwice.audit import coverage as coverages
from looktwice.audit.cache import Cache, tree_key
from looktwice.audit.discover import discover
from looktwice.audit.known import codes_named, patterns
from looktwice.audit.options import Options
from looktwice.audit.reading import WHY_SKIPPED, Files, read
from looktwice.audit.result import Result
from looktwice.audit.selection import select
from looktwice.audit.suppress import apply
from looktwice.core.config import Config
from looktwice.core.errors import LooktwiceError
from looktwice.core.event import Covered, Event, Finished, Found, Noted, Progress, Started, Unread
from looktwice.core.finding import Finding


def audit(root: Path, options: Options | None = None) -> Iterator[Event]:
    """Audit the directory (or the one file) `root`, and say what happens meanwhile; findings come in order of place.

    Raises LooktwiceError when there is nothing to read, ConfigurationError when a selection names nothing.
    """
    began = perf_counter()
    options = options or Options()
    active = select(patterns().patterns, options.select, options.ignore)
    yield Started("audit", str(root))
    directory = root.parent if root.is_file() else root
    try:
        files = read(directory, discover(root, options.exclude))
    except OSError as error:
        raise LooktwiceError(f"cannot read {root}", (error.strerror or str(error)).lower()) from None
    if not files.code:
        raise nothing_to_read(root, files.unread, files.skipped)
    yield Progress("read", len(files.code), len(files.code))
    cache = Cache(directory, options.use_cache)
    result = yield from remembered(files, options.config, cache)
    if cache.refused:
        yield Noted(f"the cache is not used: {cache.refused.replace(chr(10), '. ')}")
    if is_nothing_read(files, result):
        raise nothing_to_read(root, (*files.unread, *result.unread), files.skipped)
    known = options.config.audit.known_gaps
    unread = tuple(coverages.accepted_unread((*files.unread, *result.unread), known))
    whole = [it for it in unread if not it.line]
    coverage, gaps = coverages.applied(result.coverage, known, active, whole, is_part=root.is_file())
    yield Covered(coverage)
    findings, unused = apply(result.findings, result.suppressions, options.config.suppress, active, codes_named)
    unused = (*unused, *gaps)
    selected = [it for it in findings if it.code in active]
    yield from report(files, result, selected, unread, unused, perf_counter() - began)


def remembered(files: Files, config: Config, cache: Cache) -> Generator[Progress, None, Result]:
    """The result for these files: the stored one when nothing has changed. Gives it as the generator's return value."""
    missing = [it.path for it in files.unread]  # a schema that cannot be read is another thing than none
    settings = msgspec.msgpack.encode((config.system, config.models, missing))
    key = tree_key(files.everything.items(), settings)
    if (stored := cache.result(key)) is not None:
        try:
            return msgspec.msgpack.decode(stored, type=Result)
        except (msgspec.DecodeError, ValueError):
            pass  # the check sum was right and the shape is not: an older build of the same version wrote it
    yield Progress("understand", 0, len(files.code))
    from looktwice.audit.understanding import understand  # grammars and detectors, which a stored result does not need

    result = understand(files, config)
    cache.store_result(key, msgspec.msgpack.encode(result))
    return result


def is_nothing_read(files: Files, result: Result) -> bool:
    """Whether every file that holds anything could not be read; one that is empty says nothing of the others."""
    unread = {it.path for it in result.unread if not it.line}
    held = {path for path, data in files.code.items() if data.strip()}
    return bool(unread or files.unread) and held <= unread and not result.findings


def nothing_to_read(root: Path, unread: Sequence[Unread], skipped: Mapping[str, int]) -> LooktwiceError:
    unread = [it for it in unread if it.why not in WHY_SKIPPED.values()]
    if unread:
        first = unread[0]
        more = f" (and {len(unread) - 1} more)" if len(unread) > 1 else ""
        return LooktwiceError(
            f"nothing under {root} could be read", f"{first.path or '.'}: {first.why}{more}", "Fix this and run again."
        )
    left_out = ", ".join(f"{count} {reason}" for reason, count in skipped.items() if count)
    return LooktwiceError(
        f"nothing to audit under {root}",
        "it contains no Python, TypeScript or JavaScript source of its own"
        + (f"; left out: {left_out}" if left_out else ""),
        "Name the folder that holds the backend's source.",
    )


def listed(counts: Mapping[str, int]) -> str:
    """ "14 Go, 2 Jupyter"."""
    return ", ".join(f"{count:,} {kind}" for kind, count in sorted(counts.items()))


def report(
    files: Files,
    result: Result,
    findings: list[Finding],
    unread: tuple[Unread, ...],
    unused: tuple[Noted, ...],
    seconds: float,
) -> Iterator[Event]:
    yield from map(Found, findings)
    yield from sorted(unread, key=lambda it: (it.path, it.line))
    yield from sorted((*result.notes, *unused), key=lambda it: (it.path, it.line))
    if files.others:
        yield Noted(f"files with code that is not read: {listed(files.others)}")
    yield Finished(
        verb="audit",
        seconds=seconds,
        files=len(files.code),
        lines=files.lines,
        findings=sum(not it.suppressed for it in findings),
        unread=len({it.path for it in unread}),
        suppressed=sum(bool(it.suppressed) for it in findings),
        statistics={**{f"skipped: {reason}": count for reason, count in files.skipped.items()}, **result.statistics},
    )
