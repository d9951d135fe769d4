from datetime import datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, UniqueConstraint, create_engine, delete, exists, func, insert, select, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import (
    DeclarativeBase, Mapped, Session, joinedload, mapped_column, relationship, selectinload, sessionmaker,
)


class Base(DeclarativeBase):
    pass
