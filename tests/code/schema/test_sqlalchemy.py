"""Entities from SQLAlchemy's and SQLModel's classes."""

from __future__ import annotations

import pytest
from schemas import entities_of, uniques

from looktwice.code.ir.common import Maybe
from looktwice.code.ir.entities import ColumnKind

HEAD = """\
from sqlalchemy import *
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
class Base(DeclarativeBase): pass
"""


def entity(text: str, name: str = "A"):
    return entities_of({"models.py": HEAD + text})[name]


COLUMNS = [
    # as written, (stored name, type, nullable, kind, default, references, name in the code)
    ("x: Mapped[int]", ("x", "int", Maybe.NO, ColumnKind.FREE, "", "", "")),
    ("x: Mapped[int | None]", ("x", "int", Maybe.YES, ColumnKind.FREE, "", "", "")),
    ("x: Mapped[Optional[str]] = mapped_column(String(3))", ("x", "String", Maybe.YES, ColumnKind.FREE, "", "", "")),
    ("x: Mapped['int | None']", ("x", "int", Maybe.YES, ColumnKind.FREE, "", "", "")),
    ("x: Mapped[str | None] = mapped_column(nullable=False)", ("x", "str", Maybe.NO, ColumnKind.FREE, "", "", "")),
    ("x = Column(Integer)", ("x", "Integer", Maybe.YES, ColumnKind.FREE, "", "", "")),
    ("x = Column(Integer, nullable=False)", ("x", "Integer", Maybe.NO, ColumnKind.FREE, "", "", "")),
    ("x = Column('y', String)", ("y", "String", Maybe.YES, ColumnKind.FREE, "", "", "x")),
    ("x = mapped_column(ForeignKey('t.id'))", ("x", "", Maybe.YES, ColumnKind.KEY, "", "t.id", "")),
    (
        "x_id: Mapped[int] = mapped_column(ForeignKey('t.id'))",
        ("x_id", "int", Maybe.NO, ColumnKind.KEY, "", "t.id", ""),
    ),
    (
        "user_id = Column(Integer, ForeignKey('users.id'))",
        ("user_id", "Integer", Maybe.YES, ColumnKind.OWNER, "", "users.id", ""),
    ),
    (
        "balance: Mapped[Decimal] = mapped_column(Numeric(12, 2))",
        ("balance", "Numeric", Maybe.NO, ColumnKind.MONEY, "", "", ""),
    ),
    ("stock: Mapped[int] = mapped_column(default=0)", ("stock", "int", Maybe.NO, ColumnKind.COUNTER, "0", "", "")),
    ("runs: Mapped[int] = mapped_column(default=0)", ("runs", "int", Maybe.NO, ColumnKind.COUNTER, "0", "", "")),
    ("status = Column(Enum(S), default=S.NEW)", ("status", "Enum", Maybe.YES, ColumnKind.STATUS, "S.NEW", "", "")),
    ("is_paid = Column(Boolean)", ("is_paid", "Boolean", Maybe.YES, ColumnKind.STATUS, "", "", "")),
    ("password_hash = Column(Text)", ("password_hash", "Text", Maybe.YES, ColumnKind.SECRET, "", "", "")),
    (
        "made = Column(DateTime, server_default=func.now())",
        ("made", "DateTime", Maybe.YES, ColumnKind.TIME, "func.now()", "", ""),
    ),
    ("total_text: Mapped[str]", ("total_text", "str", Maybe.NO, ColumnKind.FREE, "", "", "")),
]


@pytest.mark.parametrize(("line", "expected"), COLUMNS)
def test_columns(line: str, expected: tuple[object, ...]) -> None:
    found = entity(
        f"class A(Base):\n  __tablename__ = 'a'\n  id: Mapped[int] = mapped_column(primary_key=True)\n  {line}\n"
    )
    key, column = found.columns
    assert key.kind is ColumnKind.KEY and key.nullable is Maybe.NO
    read = (column.name, column.type, column.nullable, column.kind, column.default, column.references, column.field)
    assert read == expected


UNIQUES = [
    ("x = Column(String, unique=True)", [(("x",), "", False)]),
    ("x = Column('y', String)\n  __table_args__ = (UniqueConstraint('x', 'id'),)", [(("y", "id"), "", False)]),
    (
        "x = Column(String)\n  __table_args__ = (UniqueConstraint(x, 'id', name='u'), {'schema': 's'})",
        [(("x", "id"), "", False)],
    ),
    (
        "x = Column(String)\n  __table_args__ = (Index('i', 'x', unique=True, postgresql_where=text('x > 0')),)",
        [(("x",), "x > 0", False)],
    ),
    (
        "x = Column(String)\n  __table_args__ = (Index('i', func.lower(x), unique=True),)",
        [(("func.lower(x)",), "", False)],
    ),
]


@pytest.mark.parametrize(("lines", "expected"), UNIQUES)
def test_uniques(lines: str, expected: list[tuple[tuple[str, ...], str, bool]]) -> None:
    found = entity(f"class A(Base):\n  __tablename__ = 'a'\n  id = Column(Integer, primary_key=True)\n  {lines}\n")
    assert uniques(found) == [(("id",), "", True), *expected]


def test_a_key_of_several_columns() -> None:
    found = entity(
        "class A(Base):\n  __tablename__ = 'a'\n"
        "  x = Column(Integer, primary_key=True)\n  y = Column(Integer, primary_key=True)"
    )
    assert uniques(found) == [(("x", "y"), "", True)]


def test_indexes_and_checks() -> None:
    found = entity(
        "class A(Base):\n  __tablename__ = 'a'\n  x = Column(Integer, index=True)\n"
        "  __table_args__ = (Index('i', 'x', 'y'), CheckConstraint('x >= 0'))"
    )
    assert [each.columns for each in found.indexes] == [("x",), ("x", "y")]
    assert found.checks == ("x >= 0",)


RELATIONS = [
    ("rel: Mapped['B'] = relationship()", (False, "", ("b_id",))),
    ("rel: Mapped[list['B']] = relationship(lazy='selectin')", (True, "selectin", ("b_id",))),
    ("rel: Mapped[Optional['B']] = relationship(lazy='joined', foreign_keys=[b_id])", (False, "joined", ("b_id",))),
    ("rel = relationship('B', secondary='ab')", (True, "", ("b_id",))),
    ("rel: Mapped['B'] = relationship(lazy='raise')", (False, "none", ("b_id",))),
]


@pytest.mark.parametrize(("line", "expected"), RELATIONS)
def test_relations(line: str, expected: tuple[bool, str, tuple[str, ...]]) -> None:
    found = entity(
        f"class A(Base):\n  __tablename__ = 'a'\n  b_id = Column(ForeignKey('bs.id'))\n  {line}\n"
        "class B(Base):\n  __tablename__ = 'bs'\n  id = Column(Integer, primary_key=True)\n"
    )
    (relation,) = found.relations
    assert relation.target == "models.py:B"
    assert (relation.many, relation.loading, relation.columns) == expected


def test_mixins_and_bases_in_other_files() -> None:
    found = entities_of(
        {
            "app/__init__.py": "",
            "app/base.py": HEAD
            + "class Stamped:\n  created_at: Mapped[datetime] = mapped_column(server_default=func.now())\n",
            "app/models/__init__.py": "from .order import Order",
            "app/models/order.py": (
                "from sqlalchemy.orm import Mapped, mapped_column\nfrom app.base import Base, Stamped\n"
                "class Keyed(Base):\n  __abstract__ = True\n  id: Mapped[int] = mapped_column(primary_key=True)\n"
                "class Order(Stamped, Keyed):\n  __tablename__ = 'orders'\n  total: Mapped[int]\n"
            ),
        }
    )
    assert set(found) == {"Order"}
    assert {each.name for each in found["Order"].columns} == {"id", "created_at", "total"}
    assert uniques(found["Order"]) == [(("id",), "", True)]
    assert found["Order"].key == "app/models/order.py:Order"


def test_the_version_column() -> None:
    found = entity(
        "class A(Base):\n  __tablename__ = 'a'\n  id = Column(Integer, primary_key=True)\n"
        "  version = Column('v', Integer)\n  __mapper_args__ = {'version_id_col': version}\n"
    )
    assert found.version == "v"


def test_a_table_name_computed_by_a_base() -> None:
    found = entity(
        "class Named(Base):\n  __abstract__ = True\n"
        "  @declared_attr\n  def __tablename__(cls): return cls.__name__.lower()\n"
        "class A(Named):\n  id = Column(Integer, primary_key=True)\n"
    )
    assert found.table == "a" and [each.name for each in found.columns] == ["id"]


def test_columns_declared_by_a_mixin() -> None:
    found = entity(
        "class User(Base):\n  __tablename__ = 'users'\n  id = Column(Integer, primary_key=True)\n"
        "class Owned:\n"
        "  @declared_attr\n  def user_id(cls) -> Mapped[int]:\n    'Whose it is.'\n"
        "    return mapped_column(ForeignKey('users.id'))\n"
        "  @declared_attr\n  def user(cls) -> Mapped[User]: return relationship(User, lazy='raise')\n"
        "  @declared_attr.directive\n  def __table_args__(cls): return (UniqueConstraint('user_id', 'name'),)\n"
        "class A(Owned, Base):\n  __tablename__ = 'a'\n"
        "  id = Column(Integer, primary_key=True)\n  name = Column(String)\n"
    )
    assert {each.name for each in found.columns} == {"user_id", "id", "name"} and found.complete
    assert [(each.name, each.loading) for each in found.relations] == [("user", "none")]
    assert uniques(found) == [(("id",), "", True), (("user_id", "name"), "", False)]


def test_annotated_columns_that_are_defined_once() -> None:
    found = entity(
        "key = Annotated[int, mapped_column(primary_key=True)]\n"
        "class A(Base):\n  __tablename__ = 'a'\n  id: Mapped[key]\n"
    )
    assert uniques(found) == [(("id",), "", True)] and found.columns[0].type == "int"


def test_core_tables() -> None:
    found = entity("A = Table('as', metadata, Column('id', Integer, primary_key=True), UniqueConstraint('id', 'x'))")
    assert found.table == "as"
    assert uniques(found) == [(("id",), "", True), (("id", "x"), "", False)]


def test_sqlmodel() -> None:
    found = entities_of(
        {
            "models.py": (
                "from sqlmodel import Field, Relationship, SQLModel\n"
                "class UserBase(SQLModel):\n  email: str = Field(unique=True, index=True)\n  name: str | None = None\n"
                "class User(UserBase, table=True):\n  id: int | None = Field(default=None, primary_key=True)\n"
                "  team_id: int | None = Field(default=None, foreign_key='team.id')\n"
                "  team: 'Team' = Relationship(back_populates='users')\n"
                "class UserOut(UserBase):\n  id: int\n"
                "class Team(SQLModel, table=True):\n  __tablename__ = 'teams'\n  id: int = Field(primary_key=True)\n"
                "  users: list[User] = Relationship(back_populates='team')\n"
            )
        }
    )
    assert set(found) == {"User", "Team"}
    user = found["User"]
    assert user.table == "user"
    assert [each.name for each in user.columns] == ["email", "name", "id", "team_id"]
    assert uniques(user) == [(("id",), "", True), (("email",), "", False)]
    assert user.column("name").nullable is Maybe.YES and user.column("team_id").references == "team.id"
    assert [(each.target, each.many) for each in user.relations] == [("models.py:Team", False)]
    assert [(each.target, each.many) for each in found["Team"].relations] == [("models.py:User", True)]


def test_classes_that_only_look_like_tables() -> None:
    found = entities_of(
        {
            "a.py": "from pydantic import BaseModel, Field\nclass A(BaseModel):\n  id: int = Field(default=1)\n"
            "class B:\n  x = Column('x')\n"
        }
    )
    assert found == {}
