"""Patterns that ignore that the other side of a network call may be slow or down, or may receive the call twice."""
