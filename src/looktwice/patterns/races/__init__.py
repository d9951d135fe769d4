"""Patterns that go wrong when two requests meet."""
