"""Alembic: the tables that its migrations leave."""
