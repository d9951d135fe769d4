"""Patterns that forget that the other side of a network call may be slow, down or told twice."""
