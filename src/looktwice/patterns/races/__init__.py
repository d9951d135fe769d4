"""Patterns that go wrong when two requests run concurrently."""
