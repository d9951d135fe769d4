"""Patterns that let users do or see what they should not."""
