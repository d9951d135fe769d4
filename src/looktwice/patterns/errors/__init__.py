"""Patterns that hide a failure from those who need to know about it."""
