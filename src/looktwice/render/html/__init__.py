"""Pieces of the report: text made safe, excerpts, lanes, and the document around them."""
