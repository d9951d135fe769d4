"""Calls to other systems: whether they change state there, move money, or carry an idempotency key."""

from __future__ import annotations

import re

from looktwice.code.ir.common import NONE
from looktwice.code.ir.effects import Effect, EffectKind, TargetKind, Trait
from looktwice.code.ir.summary import FunctionSummary
from looktwice.code.ir.values import Origin, OriginKind

CALLS_OUT = EffectKind.SEND | EffectKind.PUBLISH
MONEY_WORDS = re.compile(
    r"(?<![a-z])(charges?|payments?|refunds?|payouts?|transfers?|withdrawals?|capture|topup|top-up|balance)(?![a-z])"
)
QUERY_WORDS = re.compile(r"verif|gateways?|status|methods?|settings?|webhooks?|history|list|search|preview|quote|tax/")
ADDRESS = re.compile(r"(?=.*[/.]\w)[\w./:@-]+")
NEGLIGIBLE = re.compile(r"revalidat|presign|/purge|cache[-_/]?(clear|bust|tag)|captcha|siteverify|introspect|userinfo")
"""Words in the address of a call that invalidates a cache, signs a link, or only queries."""
NOTIFICATION = re.compile(
    r"\b(e?mail(s|er)?|sms|smtp|resend|sendgrid|mailgun|postmark|mailjet|slack|twilio|discord|push)\b"
)
UNSTABLE = (OriginKind.FRESH, OriginKind.CLOCK)


def changes_outside(effect: Effect) -> bool:
    """Whether the call changes something in the other system."""
    if not effect.kind & CALLS_OUT:
        return False
    return not effect.traits & (Trait.READ_ONLY | Trait.BEST_EFFORT)


def is_notification(f: FunctionSummary, effect: Effect) -> bool:
    """Whether the call only sends a message on which no data depends: by its model, address, or file."""
    if effect.traits & Trait.MAIL:
        return True
    texts = (effect.target.name, *url_texts(f, effect), (effect.path or f.path).rpartition("/")[2].replace("_", "."))
    return any(NOTIFICATION.search(text) for text in texts)


def service(f: FunctionSummary, effect: Effect) -> str:
    """The name of the other system, for a message."""
    if effect.target.name:
        return effect.target.name
    if effect.target.kind is TargetKind.QUEUE or effect.kind is EffectKind.PUBLISH:
        return "the queue"
    if effect.target.kind is TargetKind.CACHE:
        return "the cache"
    addresses = (text.partition("?")[0] for text in url_texts(f, effect))
    return next((text for text in addresses if ADDRESS.fullmatch(text)), "the other service")


def is_negligible(f: FunctionSummary, effect: Effect) -> bool:
    """Whether no data depends on the call: it refreshes a cache, signs a link, or only queries."""
    return any(NEGLIGIBLE.search(text.lower()) for text in (effect.target.name, *url_texts(f, effect)))


def url_texts(f: FunctionSummary, effect: Effect) -> tuple[str, ...]:
    """The constant parts of the call's address."""
    value = dict(effect.args).get("url", NONE)
    found = (f.constants[each.ref] for each in (f.values[value] if value != NONE else ()) if _is_constant(f, each))
    return tuple(text for text in found if isinstance(text, str))


def _is_constant(f: FunctionSummary, origin: Origin) -> bool:
    return origin.kind is OriginKind.CONST and 0 <= origin.ref < len(f.constants)


def moves_money(f: FunctionSummary, effect: Effect) -> bool:
    """Whether the call moves money, by its model or by the words of its address."""
    if not changes_outside(effect):
        return False
    if effect.traits & Trait.MONEY:
        return True
    texts = [text.lower() for text in url_texts(f, effect)]
    return any(MONEY_WORDS.search(text) and not QUERY_WORDS.search(text) for text in texts)


def may_move_money(f: FunctionSummary) -> bool:
    """Whether a function makes a call that moves money, or mentions an address that may be used for one."""
    if any(each.traits & Trait.MONEY for each in f.effects):
        return True
    return any(isinstance(text, str) and MONEY_WORDS.search(text.lower()) for text in f.constants)


def needs_confirmation(call: Effect) -> bool:
    """Whether the call creates a payment that still has to be confirmed."""
    return "intent" in call.name.lower() and call.name.endswith(".create") and "confirm" not in dict(call.args)


def is_idempotent(f: FunctionSummary, effect: Effect) -> bool:
    """Whether sending it again changes nothing in the other system: by its model, or because it is a PUT or DELETE."""
    if effect.traits & Trait.IDEMPOTENT or effect.name.rpartition(".")[2] in ("put", "delete"):
        return True
    method = dict(effect.args).get("method", NONE)
    found = (f.constants[each.ref] for each in (f.values[method] if method != NONE else ()) if _is_constant(f, each))
    return any(isinstance(word, str) and word.upper() in ("PUT", "DELETE") for word in found)


def key_of(effect: Effect) -> int:
    """The number of the value by which the other system recognises a repetition; NONE when there is none."""
    args = dict(effect.args)
    return args.get("idempotency_key", NONE)


def has_stable_key(f: FunctionSummary, effect: Effect) -> bool:
    """Whether the call carries a key that is the same when the call is repeated."""
    value = key_of(effect)
    return value != NONE and fresh_origin(f, value) is None


def fresh_origin(f: FunctionSummary, value: int) -> Origin | None:
    """The origin that makes a key different each time."""
    return next((each for each in f.values[value] if each.kind in UNSTABLE), None)
