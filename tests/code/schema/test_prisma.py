"""Entities from `schema.prisma`."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from schemas import entities_of, uniques

from looktwice.code.ir.common import Maybe
from looktwice.code.ir.entities import ColumnKind
from looktwice.code.libraries.prisma.schema import read_schema
from looktwice.core.source import Source

SCHEMA = """
generator client { provider = "prisma-client-js" }
enum Status { OPEN CLOSED }
// model Gone { id Int @id }
model User {
  id        String   @id @default(cuid())
  email     String   @unique @map("mail") // the "login"
  orders    Order[]  @relation("buyer")
  sold      Order[]  @relation("seller")
  nick      String?
  @@map("users")
}

model Order {
  id        Int      @id @default(autoincrement())
  status    Status   @default(OPEN)
  total     Decimal  @db.Decimal(10, 2)
  buyerId   String   @map("buyer_id")
  sellerId  String
  buyer     User     @relation("buyer", fields: [buyerId], references: [id], onDelete: Cascade)
  seller    User     @relation(name: "seller",
                fields: [sellerId], references: [id])
  tags      String[]
  updatedAt DateTime @updatedAt
  @@unique([buyerId, sellerId], name: "pair")
  @@index([status, total(sort: Desc)])
  @@unique([sellerId], where: raw("status = 'OPEN'"))
}
"""


def test_models() -> None:
    found = entities_of({"prisma/schema.prisma": SCHEMA})
    assert set(found) == {"User", "Order"}
    user, order = found["User"], found["Order"]
    assert (user.key, user.table, order.table) == ("prisma/schema.prisma:User", "users", "Order")
    assert [(each.name, each.field, each.nullable) for each in user.columns] == [
        ("id", "", Maybe.NO),
        ("mail", "email", Maybe.NO),
        ("nick", "", Maybe.YES),
    ]
    assert uniques(user) == [(("id",), "", True), (("mail",), "", False)]
    assert uniques(order) == [
        (("id",), "", True),
        (("buyer_id", "sellerId"), "", False),
        (("sellerId",), "status = 'OPEN'", False),
    ]
    assert [each.columns for each in order.indexes] == [("status", "total")]
    kinds = {each.name: each.kind for each in order.columns}
    assert kinds["status"] is ColumnKind.STATUS and kinds["total"] is ColumnKind.MONEY
    assert kinds["updatedAt"] is ColumnKind.TIME and order.column("tags").type == "String[]"
    assert order.column("buyerId").references == "User"


def test_relations() -> None:
    found = entities_of({"schema.prisma": SCHEMA})
    relations = [(each.name, each.target, each.many, each.columns) for each in found["Order"].relations]
    assert relations == [
        ("buyer", "schema.prisma:User", False, ("buyer_id",)),
        ("seller", "schema.prisma:User", False, ("sellerId",)),
    ]
    assert [each.many for each in found["User"].relations] == [True, True]


def test_places() -> None:
    text = SCHEMA.replace("Gone", "Größe")
    source = Source("schema.prisma", text.encode())
    for entity in read_schema(source).entities:
        assert source.text(entity.start, entity.end).startswith(f"model {entity.name} {{")
        assert source.text(entity.start, entity.end).endswith("}")
        for column in entity.columns:
            assert source.text(column.start, column.end) == (column.field or column.name)


def test_a_migration_adds_what_the_schema_cannot_express() -> None:
    sql = 'CREATE TABLE "users" ("id" TEXT NOT NULL); CREATE UNIQUE INDEX "i" ON "users"("nick") WHERE "nick" <> \'\';'
    found = entities_of({"prisma/schema.prisma": SCHEMA, "prisma/migrations/1/migration.sql": sql})
    assert set(found) == {"User", "Order"}
    assert uniques(found["User"])[-1] == (("nick",), "\"nick\" <> ''", False)


@pytest.mark.parametrize(
    "text", ["model A {", "model A { id Int @id(", "model { }", "model A {\n  b B\n}\nmodel B {\n  a A[]"]
)
def test_broken_schemas(text: str) -> None:
    for entity in read_schema(Source("schema.prisma", text.encode())).entities:
        assert entity.end <= len(text)


PARTS = (
    "model",
    "A",
    "{",
    "}",
    "\n",
    "id",
    "Int",
    "@id",
    "@@unique(",
    "[",
    "]",
    ")",
    '"',
    "//",
    "@map(",
    "é",
    "?",
    "@@",
)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from(PARTS), max_size=40).map(" ".join))
def test_any_text_gives_entities_with_spans_inside_it(text: str) -> None:
    data = text.encode()
    for entity in read_schema(Source("schema.prisma", data)).entities:
        assert 0 <= entity.start <= entity.end <= len(data)
