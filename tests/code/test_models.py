"""Library models: every file is valid, names resolve to them, users can add their own."""

from __future__ import annotations

import tomllib

import pytest
from programs import effects, typescript

from looktwice.code import build
from looktwice.code.ir.control import RegionKind
from looktwice.code.ir.effects import EffectKind, Fails, Rows, TargetKind, Trait
from looktwice.code.ir.handlers import GuardRole
from looktwice.code.ir.values import OriginKind, Via
from looktwice.code.libraries import FOLDER, shipped
from looktwice.code.lowering.shapes import SHAPES
from looktwice.code.lowering.store_statements import LINKS
from looktwice.core.config import Config, Models
from looktwice.core.errors import ConfigurationError

LANGUAGES = ("python", "typescript")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_value_in_a_model_is_valid(language: str) -> None:
    models = shipped(language)
    patterns = (model for found in models._patterns.values() for _, model in found)
    for model in (*models.calls.values(), *patterns):
        assert model.kind in EffectKind.__members__ or not model.kind, model
        assert model.shape in {*SHAPES, *models.shapes} or not model.shape, model
        assert model.statement in LINKS or not model.statement, model
        assert model.rows in (*Rows.__members__, "", "handle"), model
        assert model.fails in Fails.__members__ or not model.fails, model
        assert model.around in RegionKind.__members__ or not model.around, model
        assert set(model.traits) <= set(Trait.__members__), model
        assert set(model.via) <= set(Via.__members__), model
        assert {each.region for each in model.invokes} <= set(RegionKind.__members__), model
        assert model.target.partition(":")[0].upper() in TargetKind.__members__ or not model.target, model
    assert set(models.guards.values()) <= set(GuardRole.__members__)


@pytest.mark.parametrize("language", LANGUAGES)
def test_types_refer_to_types(language: str) -> None:
    models = shipped(language)
    for name, model in models.types.items():
        assert not model.like or model.like in models.types, name
        assert not model.origin or model.origin.upper() in OriginKind.__members__, name


def test_every_folder_has_a_table_or_a_schema() -> None:
    for folder in (each for each in FOLDER.iterdir() if each.is_dir() and each.name[0] != "_"):
        table = folder / "calls.toml"
        assert table.exists() or (folder / "schema.py").exists(), folder.name
        if table.exists():
            read = tomllib.loads(table.read_text())
            assert read["library"] == folder.name and read["language"] in LANGUAGES


NAMES = [
    ("python", "sqlalchemy.orm.session.Session.get", "key"),
    ("python", "sqlalchemy.ext.asyncio.AsyncSession.get", "key"),
    ("python", "sqlmodel.Session.exec", "execute"),
    ("typescript", "@prisma/client.PrismaClient.user.findMany", "prisma"),
    ("typescript", "@prisma/client.Prisma.TransactionClient.user.update", "prisma"),
    ("typescript", "pg.Pool.query", "sql"),
]


@pytest.mark.parametrize(("language", "name", "shape"), NAMES)
def test_names(language: str, name: str, shape: str) -> None:
    found = shipped(language).call(name)
    assert found is not None and found[0].shape == shape


def test_a_user_adds_a_library() -> None:
    text = b"""
import { LedgerClient } from "@acme/ledger";
const ledger = new LedgerClient();
export async function f(amount) { await ledger.transfers.post({ amount }); }
"""
    assert build({"app.ts": text}).functions["app.ts:f"].effects == ()
    ledger = {
        "calls": {
            "@acme/ledger.LedgerClient.*.post": {
                "kind": "SEND",
                "target": "service:ledger",
                "args": {"body": "0"},
                "traits": ["MONEY"],
            }
        }
    }
    program = build({"app.ts": text}, Config(models=Models(typescript={"ledger": ledger})))
    assert effects(program, "f") == ["SEND ledger"]


def test_an_invalid_user_model() -> None:
    with pytest.raises(ConfigurationError, match=r"models\.python\.ledger"):
        build({"a.py": b""}, Config(models=Models(python={"ledger": {"calls": {"x": {"knd": "SEND"}}}})))


def test_unknown_calls_pass_values_through() -> None:
    found = typescript(
        """
import { PrismaClient } from "@prisma/client";
import { shape } from "somewhere";
const db = new PrismaClient();
export async function f(id) { await db.wallet.delete({ where: { id: shape(id) } }); }
"""
    )
    assert effects(found, "f") == ["DELETE Wallet(id=id~OPAQUE)"]
