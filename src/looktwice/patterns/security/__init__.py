"""Patterns that let somebody do or see what they should not."""
