"""Reads a tree and says what will break: discover, gate, parse, lower, link, match, suppress. Prints nothing."""
