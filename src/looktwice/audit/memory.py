"""The audit of programs that are held in memory: for the editor of the playbook, and for pages that are tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from looktwice.audit.known import codes_named
from looktwice.audit.reading import Files
from looktwice.audit.suppress import apply
from looktwice.core.config import Config, System
from looktwice.core.errors import ConfigurationError
from looktwice.core.finding import Finding


def audit_sources(
    sources: Mapping[str, str | bytes],
    system: System | Mapping[str, Any] | None = None,
    config: Config | None = None,
) -> list[Finding]:
    """Audit programs held in memory: path → text. Gives the findings in order of place; accepted ones carry a reason.

    system: the `[system]` facts, as a value or as the table's keys; those of `config` when left out. Raises
    ConfigurationError for facts that cannot be.
    """
    from looktwice.audit.understanding import understand
    from looktwice.code.syntax.languages import adapter_for

    config = config or Config()
    if system is not None:
        value = system if isinstance(system, System) else convert_system(system)
        config = msgspec.structs.replace(config, system=value)
    contents = {path: text.encode() if isinstance(text, str) else text for path, text in sources.items()}
    code = {path: data for path, data in contents.items() if adapter_for(path)}
    context = {path: data for path, data in contents.items() if path not in code}
    result = understand(Files(code, context, (), {}), config, measures=False)
    findings, _ = apply(result.findings, result.suppressions, config.suppress, frozenset(), codes_named)
    return list(findings)


def convert_system(table: Mapping[str, Any]) -> System:
    try:
        return msgspec.convert(dict(table), System, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigurationError("cannot use the facts of the system", str(error)) from None
