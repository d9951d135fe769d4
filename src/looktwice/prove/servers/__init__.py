"""The real parts of a run: PostgreSQL and Redis, started for it alone."""
