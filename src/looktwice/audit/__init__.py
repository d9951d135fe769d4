"""Reads a tree and reports what will break: discover, gate, parse, lower, link, match, suppress. Prints nothing."""

from looktwice.audit.engine import audit
from looktwice.audit.memory import audit_sources
from looktwice.audit.options import Options

__all__ = ["Options", "audit", "audit_sources"]
