"""Programs in memory, and a compact notation of effects for tables of cases."""

from __future__ import annotations

from textwrap import dedent

from looktwice.code import Program, build
from looktwice.code.ir.common import NONE
from looktwice.code.ir.control import Op
from looktwice.code.ir.effects import Effect, Trait
from looktwice.code.ir.summary import FunctionSummary
from looktwice.code.ir.values import Origin, OriginKind, Via

SPELLING = {
    Op.EQ: "=", Op.NE: "!=", Op.LESS: "<", Op.MORE: ">", Op.IN: " in ", Op.NOT_IN: " not in ", Op.NULL: " absent",
    Op.TRUE: " present", Op.MAYBE: " maybe ", Op.OPAQUE: " ? ", Op.LIKE: " like ",
}  # fmt: skip
SHOWN = (
    Trait.LOCKS_ROW
    | Trait.UPSERT
    | Trait.READ_ONLY
    | Trait.NO_TIMEOUT
    | Trait.HAS_TIMEOUT
    | Trait.LAZY
    | Trait.FRESH_READ
    | Trait.ATTRIBUTE
    | Trait.NESTED
)
MODELS = """
    from sqlalchemy import ForeignKey, UniqueConstraint
    from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

    class Base(DeclarativeBase):
        pass

    class User(Base):
        __tablename__ = "users"
        id: Mapped[int] = mapped_column(primary_key=True)
        email: Mapped[str] = mapped_column(unique=True)
        wallets: Mapped[list["Wallet"]] = relationship(back_populates="user")

    class Wallet(Base):
        __tablename__ = "wallets"
        id: Mapped[int] = mapped_column(primary_key=True)
        user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
        balance: Mapped[int] = mapped_column(default=0)
        status: Mapped[str] = mapped_column(default="open")
        user: Mapped[User] = relationship(back_populates="wallets")
"""
SCHEMA = """
model User {
  id      String   @id
  email   String   @unique
  wallets Wallet[]
}
model Wallet {
  id      String @id
  userId  String
  balance Int
  status  String
  user    User   @relation(fields: [userId], references: [id])
}
"""


def program(others: dict[str, str] | None = None, **files: str) -> Program:
    """Files by name, `_py` and `_ts` for suffixes (`models_py=…`), two underscores for a folder; others by path."""
    contents = {path: dedent(text).encode() for path, text in (others or {}).items()}
    for name, text in files.items():
        stem, _, ending = name.rpartition("_")
        contents[f"{stem.replace('__', '/')}.{ending}"] = dedent(text).encode()
    return build(contents)


def python(text: str, **files: str) -> Program:
    """A program of one module `app.py` with the models above."""
    return program(app_py=text, models_py=MODELS, **files)


def typescript(text: str, **files: str) -> Program:
    """A program of one module `app.ts` with the schema above."""
    return program(app_ts=text, schema_prisma=SCHEMA, **files)


def effects(program: Program, name: str) -> list[str]:
    """The effects of a function, with callees inlined, one line each."""
    f = program.expand(found(program, name))
    return [spelled(program, f, each) for each in f.effects]


def found(program: Program, name: str) -> str:
    """The symbol of the function with that name, which must be unique."""
    names = [each for each in program.functions if each.partition(":")[2] == name]
    assert len(names) == 1, f"{name}: {names or sorted(program.functions)}"
    return names[0]


def spelled(program: Program, f: FunctionSummary, effect: Effect) -> str:
    """ "WRITE Wallet(id=user_id) balance±=amount LOCKS_ROW"."""
    entity = program.entities.get(effect.target.name)
    target = entity.name if entity else effect.target.name
    where = ", ".join(f"{c.column}{SPELLING[c.op]}{value(f, c.value)}" for c in effect.where)
    puts = ", ".join(f"{p.column}{'±' if p.relative else ''}={value(f, p.value)}" for p in effect.puts)
    traits = [trait.name or "" for trait in Trait if trait & effect.traits & SHOWN]
    parts = [effect.kind.name or "", target + (f"({where})" if where else ""), puts, *traits]
    return " ".join(part for part in parts if part)


def value(f: FunctionSummary, number: int) -> str:
    return "" if number == NONE else " + ".join(origin(f, each) for each in f.values[number])


def origin(f: FunctionSummary, each: Origin) -> str:
    """ "amount", "row0.balance~ARITH", "'open'"."""
    kind = each.kind
    if kind is OriginKind.PARAM:
        head = f.parameters[each.ref]
    elif kind is OriginKind.CONST:
        head = repr(f.constants[each.ref])
    elif kind in (OriginKind.MODULE, OriginKind.FUNCTION, OriginKind.INSTANCE):
        head = str(f.constants[each.ref]).rpartition(":")[2]
    elif kind in (OriginKind.ROW, OriginKind.COUNT, OriginKind.RESPONSE):
        head = f"{kind.name.lower()}{each.ref}"
    else:
        head = kind.name
    via = "".join(f"~{flag.name}" for flag in Via if flag & each.via)
    return ".".join((head, *each.path)) + via
