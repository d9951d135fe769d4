"""The audit itself: a generator of events over discover → gate → build → match → arbitrate → suppress."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

import msgspec

from doubletake.audit.arbitrate import arbitrate
from doubletake.audit.cache import Cache, tree_key
from doubletake.audit.discover import discover
from doubletake.audit.match import codes_named, match, patterns, wins_over
from doubletake.audit.options import Options
from doubletake.audit.reading import Files, read
from doubletake.audit.selection import select
from doubletake.audit.suppress import MARK, Pardon, apply, pardons
from doubletake.code import Program, build
from doubletake.code.languages import adapter_for
from doubletake.core.config import Config, System
from doubletake.core.errors import DoubletakeError
from doubletake.core.event import Event, Finished, Found, Noted, Progress, Started, Unread
from doubletake.core.finding import Finding
from doubletake.core.source import Source

NAMES: Mapping[str, str] = {"python": "Python", "typescript": "TypeScript", "javascript": "JavaScript"}


class Result(msgspec.Struct, frozen=True, array_like=True):
    """What a tree's contents alone decide; this is what the cache keeps."""

    findings: tuple[Finding, ...]
    unread: tuple[Unread, ...]
    notes: tuple[Noted, ...]
    pardons: tuple[Pardon, ...]
    statistics: dict[str, float]


def audit(root: Path, options: Options | None = None) -> Iterator[Event]:
    """Audit the directory (or the one file) `root`, and say what happens meanwhile; findings come in order of place.

    Raises DoubletakeError when there is nothing to read, ConfigurationError when a selection names nothing.
    """
    began = perf_counter()
    options = options or Options()
    active = select(patterns().patterns, options.select, options.ignore)
    yield Started("audit", str(root))
    directory = root.parent if root.is_file() else root
    try:
        files = read(directory, discover(root, options.exclude))
    except OSError as error:
        raise DoubletakeError(f"cannot read {root}", (error.strerror or str(error)).lower()) from None
    if not files.code:
        raise nothing_to_read(root, files)
    yield Progress("read", len(files.code), len(files.code))
    result = yield from remembered(files, options.config, Cache(directory, options.use_cache))
    findings, unused = apply(result.findings, result.pardons, options.config.suppress, active, codes_named)
    yield from report(files, result, [it for it in findings if it.code in active], unused, perf_counter() - began)


def audit_sources(
    sources: Mapping[str, str | bytes],
    system: System | Mapping[str, Any] | None = None,
    config: Config | None = None,
) -> list[Finding]:
    """Audit programs held in memory: path → text. Gives the findings in order of place; accepted ones carry a reason.

    system: the `[system]` facts, as a value or as the table's keys; those of `config` when left out. Raises
    ConfigurationError for facts that cannot be.
    """
    config = config or Config()
    if system is not None:
        value = system if isinstance(system, System) else convert_system(system)
        config = msgspec.structs.replace(config, system=value)
    contents = {path: text.encode() if isinstance(text, str) else text for path, text in sources.items()}
    code = {path: data for path, data in contents.items() if adapter_for(path)}
    context = {path: data for path, data in contents.items() if path not in code}
    result = understand(Files(code, context, (), {}), config)
    findings, _ = apply(result.findings, result.pardons, config.suppress, frozenset(), codes_named)
    return list(findings)


def convert_system(table: Mapping[str, Any]) -> System:
    from doubletake.core.errors import ConfigurationError

    try:
        return msgspec.convert(dict(table), System, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigurationError("cannot use the facts of the system", str(error)) from None


def remembered(files: Files, config: Config, cache: Cache) -> Iterator[Progress]:
    """The result for these files: the stored one when nothing has changed. Gives it as the generator's return value."""
    settings = msgspec.msgpack.encode((config.system, config.models))
    key = tree_key(files.everything.items(), settings)
    if (stored := cache.result(key)) is not None:
        try:
            return msgspec.msgpack.decode(stored, type=Result)
        except (msgspec.DecodeError, ValueError):
            pass  # the check sum was right and the shape is not: an older build of the same version wrote it
    yield Progress("understand", 0, len(files.code))
    result = understand(files, config)
    cache.store_result(key, msgspec.msgpack.encode(result))
    return result


def understand(files: Files, config: Config) -> Result:
    """Everything that follows from the contents: no files are read and nothing is written from here on."""
    program = build(files.everything, config)
    said = list(match(program))
    sources = {path: Source(path, data) for path, data in files.code.items()}

    def statement(finding: Finding) -> str:
        return statement_text(program.source(finding.path) or sources.get(finding.path), finding)

    findings = arbitrate((it for it in said if isinstance(it, Finding)), wins_over(), statement)
    allowed, wrong = suppressions(files)
    notes = [it for it in said if isinstance(it, Noted)]
    return Result(findings, tuple(damaged(program)), (*notes, *wrong), allowed, dict(program.statistics()))


def suppressions(files: Files) -> tuple[tuple[Pardon, ...], tuple[Noted, ...]]:
    """The suppressions in all files that hold the mark, and what is wrong with them."""
    allowed: list[Pardon] = []
    wrong: list[Noted] = []
    for path, data in files.code.items():
        if MARK in data and (adapter := adapter_for(path)):
            parsed = adapter.parse(Source(path, data))
            found, faults = pardons(parsed.source, parsed.comments(), codes_named)
            allowed += found
            wrong += faults
    return tuple(allowed), tuple(wrong)


def damaged(program: Program) -> Iterator[Unread]:
    """Files of which a part could not be parsed, each with its first such place."""
    for path, ranges in sorted(program.errors.items()):
        source, (start, end) = program.source(path), ranges[0]
        adapter = adapter_for(path)
        if source is None or adapter is None:
            continue
        if start == 0 and end >= len(source.data):
            yield Unread(path, "it is no text" if b"\0" in source.data else f"it is not {NAMES[adapter.name]}", 1)
            continue
        (first, _), (last, _) = source.position(start), source.position(max(start, end - 1))
        lines = f"line {first} is" if last == first else f"lines {first}–{last} are"
        more = f", and {len(ranges) - 1} more places" if len(ranges) > 1 else ""
        yield Unread(path, f"{lines} not {NAMES[adapter.name]}{more}; the rest was read", first)


def statement_text(source: Source | None, finding: Finding) -> str:
    """The source under the primary span."""
    if source is None:
        return ""
    lines = [source.line(number) for number in range(finding.start_line, finding.end_line + 1)]
    if not lines:
        return ""
    lines[-1] = lines[-1][: finding.end_column - 1]
    lines[0] = lines[0][finding.start_column - 1 :]
    return "\n".join(lines)


def nothing_to_read(root: Path, files: Files) -> DoubletakeError:
    if files.unread:
        first = files.unread[0]
        more = f" (and {len(files.unread) - 1} more)" if len(files.unread) > 1 else ""
        return DoubletakeError(
            f"nothing under {root} could be read", f"{first.path or '.'}: {first.why}{more}", "Mend that and run again."
        )
    left_out = ", ".join(f"{count} {reason}" for reason, count in files.skipped.items() if count)
    return DoubletakeError(
        f"nothing to audit under {root}",
        "there is no Python, TypeScript or JavaScript of its own" + (f"; left out: {left_out}" if left_out else ""),
        "Name the folder that holds the backend's source.",
    )


def report(
    files: Files, result: Result, findings: list[Finding], unused: tuple[Noted, ...], seconds: float
) -> Iterator[Event]:
    yield from map(Found, findings)
    unread = sorted((*files.unread, *result.unread), key=lambda it: (it.path, it.line))
    yield from unread
    yield from sorted((*result.notes, *unused), key=lambda it: (it.path, it.line))
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
