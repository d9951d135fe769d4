"""Reads a tree and says what will break: discover, gate, parse, lower, link, match, suppress. Prints nothing."""

from doubletake.audit.engine import audit
from doubletake.audit.memory import audit_sources
from doubletake.audit.options import Options

__all__ = ["Options", "audit", "audit_sources"]
