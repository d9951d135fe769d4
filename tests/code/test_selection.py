"""Selection asks the models that lowering asks: a library of the user's own counts in trees of every size."""

from __future__ import annotations

import pytest

from looktwice.code import build
from looktwice.code.ir.effects import EffectKind
from looktwice.code.libraries import with_own
from looktwice.code.program.selection import SMALL
from looktwice.core.config import Config, Models

POST = {"kind": "SEND", "target": "service:ledger", "args": {"body": "0"}, "traits": ["MONEY"]}
PYTHON = """
from acme_ledger import Client

client = Client()


def pay(amount):
    return client.post(amount)
"""
TYPESCRIPT = """
import { Client } from "@acme/ledger";

const client = new Client();

export async function pay(amount: number) {
  return client.post(amount);
}
"""
PADDING = "\n".join(f"value_{number} = {number}" for number in range(SMALL))


@pytest.mark.parametrize("is_large", [False, True])
@pytest.mark.parametrize(
    ("path", "text", "name", "language"),
    [
        ("pay.py", PYTHON, "acme_ledger.Client.post", "python"),
        ("pay.ts", TYPESCRIPT, "@acme/ledger.Client.post", "typescript"),
    ],
)
def test_own_models_count(is_large: bool, path: str, text: str, name: str, language: str) -> None:
    """Below the limit everything is read; above it, what a library with a model is used in."""
    config = Config(models=Models(**{language: {"ledger": {"calls": {name: POST}}}}))
    files = {path: text.encode()} | ({"large.py": PADDING.encode()} if is_large else {})
    program = build(files, config, measures=True)
    effects = [each for summary in program.functions.values() for each in summary.effects]
    assert [(each.kind, each.target.name) for each in effects] == [(EffectKind.SEND, "ledger")]


def test_marks_of_own_models() -> None:
    """What a file imports, and the calls on any receiver, follow from the names; what is written down stays."""
    names = {"calls": {"acme.Client.post acme.Client.get": POST, "any.post": POST}, "types": {"@acme/x/y.Client": {}}}
    models = with_own("typescript", {"one": names, "two": {"calls": {"b.c": POST}, "marks": ["other"]}})
    for text, expected in (
        (b'import x from "acme"', True), (b'import x from "@acme/x"', True), (b'import x from "other"', True),
        (b'import x from "b"', False), (b"post(1)", True), (b"get(1)", False),
    ):  # fmt: skip
        assert bool(models.uses.search(text)) is expected, text
