"""SQLAlchemy and SQLModel: the entities that classes declare."""
