"""Entities: the tables and models of a project, as declared and as its migrations leave them."""
