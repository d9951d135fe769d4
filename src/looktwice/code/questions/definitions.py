"""Where a client is defined, and its default timeout."""

from __future__ import annotations

from looktwice.code.ir.common import NONE, Place
from looktwice.code.ir.control import FactKind
from looktwice.code.ir.effects import Effect
from looktwice.code.ir.summary import FunctionSummary
from looktwice.code.ir.values import OriginKind
from looktwice.code.libraries import shipped
from looktwice.code.lowering.functions import MODULE_BODY
from looktwice.code.project.names import language_of
from looktwice.code.questions.knowledge import Program
from looktwice.code.questions.places import place


def client_type(effect: Effect) -> str:
    """The library's type of the object that makes the call: "httpx.Client" for "httpx.Client.get"."""
    return effect.name.rpartition(".")[0]


def has_default_limit(effect: Effect, path: str) -> bool:
    """Whether this kind of client has a timeout by default."""
    model = shipped(language_of(path)).type(client_type(effect))
    return model is not None and model.default_timeout == "has"


def defined_at(program: Program, f: FunctionSummary, effect: Effect) -> Place | None:
    """The module-level definition of the client; None when it was created elsewhere."""
    for origin in f.values[effect.handle] if effect.handle != NONE else ():
        if origin.kind is not OriginKind.MODULE or not 0 <= origin.ref < len(f.constants):
            continue
        path = str(f.constants[origin.ref]).partition(":")[0]
        module = program.functions.get(f"{path}:{MODULE_BODY}")
        wanted = client_type(effect)
        made = [each for each in module.facts if each.kind is FactKind.CALL and each.name == wanted] if module else []
        if module and len(made) == 1:
            return place(module, made[0])
    return None
