"""Database engine and session handling."""

from collections.abc import Iterator

from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from shop.config import get_settings


def sqlalchemy_url(url: str) -> str:
    """Make SQLAlchemy use psycopg 3 for a plain PostgreSQL URL."""
    for scheme in ("postgres://", "postgresql://"):
        if url.startswith(scheme):
            return "postgresql+psycopg://" + url.removeprefix(scheme)
    return url


engine = create_engine(sqlalchemy_url(get_settings().database_url), pool_size=10, pool_pre_ping=True)
SessionLocal = sessionmaker(bind=engine, autoflush=False, expire_on_commit=False)


class Base(DeclarativeBase):
    """Base class of all models."""


def get_session() -> Iterator[Session]:
    """Yield one session per request and always close it."""
    session = SessionLocal()
    try:
        yield session
    finally:
        session.close()
