"""Values for settings that are not for us to know: of the same shape as the one that the project shows, and harmless.

What is plainly no secret is kept unchanged: a switch, a level, a small number, a duration, a time zone. An address
leads to a port at which nothing listens. Everything else is new.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import string
import uuid
from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from looktwice.prove.app.recognition import live, scheme_of

_LETTERS = string.ascii_letters + string.digits
_CLOSED_PORT = 9  # the discard port: refused at once
NOWHERE = f"127.0.0.1:{_CLOSED_PORT}"
_FOLDER = r"\w*(?:DIR|DIRECTORY|FOLDER|ROOT|PATH)"
_WRITTEN = r"(?:\w+_)?(?:UPLOADS?|DATA|STORAGE|MEDIA|TE?MP|CACHE|LOGS?|OUTPUT|BACKUPS?|EXPORTS?)(?:_\w+)?"
_HOST_NAME = r"(?i)(?=.*[a-z])[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}"
_EMAIL = r"[^\s@<>]+@[^\s@<>]+"

# Plainly no secret.
_OBVIOUS = re.compile(
    r"""(?ix)
    (?:true|false|yes|no|on|off|enabled?|disabled?|none|null|auto|default)
    | (?:development|production|staging|testing|test|local|dev|prod|ci|sandbox)
    | (?:trace|debug|info|notice|warn(?:ing)?|error|critical|fatal|silent|verbose|silly|http)
    | (?:json|text|pretty|plain|simple|combined|common|tiny|short|logfmt|console|stdout|stderr|file|memory|redis
        |database|db|disk|s3|smtp|postgres(?:ql)?|pg|mysql|sqlite3?|mongodb)
    | (?:hs|rs|es|ps)(?:256|384|512)|eddsa|bcrypt|argon2(?:id?)?|scrypt|sha-?(?:1|256|512)|md5|aes-\d+-\w+
    | (?:lax|strict|utc|gmt|asc|desc|gzip|br|deflate|utf-?8|asyncio|uvloop)
    | (?:africa|america|asia|atlantic|australia|europe|indian|pacific|etc)/[a-z_+\-0-9/]+
    | [a-z]{2}(?:[_-][a-z]{2})?(?:\.utf-?8)? | (?-i:[A-Z]{3})       # a language, a currency
    | (?:us|eu|ap|sa|ca|me|af)-(?:gov-)?(?:north|south|east|west|central)\w*-\d
    | [-+]?\d{1,6}(?:\.\d{1,6})?(?:e\d)?                            # a count, a port, a rate
    | \d{1,6}\s?(?:ms|s|sec|m|min|mins|h|hours?|d|days?|w|y|k|kb|mb|gb|b|%|req/s|/\w+)
    | v?\d{1,4}(?:\.\d{1,4}){1,2}                                   # a version
    | (?:[*/\d,\-]+\s+){4}[*/\d,\-\w]+                              # a time table
    | (?!/(?:home|root|users|var|etc|usr|opt|srv|mnt|tmp|run|data|app|private|volumes)\b)
      (?:/[a-z0-9_.{}-]{1,20}){0,4}/?(?<!\.pem)(?<!\.key)           # a route
    | (?:get|post|put|patch|delete|head|options) | [*]
    | [a-z]+/[a-z0-9.+*-]+                                          # a media type
    """
)
# Names whose value is code's own affair: kept when it is not secret by its looks.
_RUNTIME = r"PYTHON\w+|NODE_(?:OPTIONS|PATH|ENV)|DJANGO_SETTINGS_MODULE|FLASK_(?:APP|ENV|DEBUG)|UV_THREADPOOL_SIZE"


def is_obvious(name: str, value: str) -> bool:
    """Whether a value is plainly no secret, so that the application may have the real value."""
    if live(value):
        return False
    return re.fullmatch(_RUNTIME, name.upper()) is not None or _OBVIOUS.fullmatch(value.strip()) is not None


def like(name: str, example: str, home: str) -> str:
    """A made-up value.

    name: of the setting, which counts where there is no example. example: what is shown of it. home: a directory that
    is thrown away. It is another value at each call; whoever needs the same one again keeps it.
    """
    if re.fullmatch(r"\w*(?:ALLOWED|TRUSTED)_HOSTS?", name.upper()):
        return '["127.0.0.1", "localhost"]' if example.startswith("[") else "127.0.0.1,localhost"
    if example.strip()[:1] in ("[", "{") and (made := _json(name, example, home)):
        return made
    if re.fullmatch(r"[^,\s]+(?:,\s*[^,\s]+)+", example):
        return ",".join(like(name, item.strip(), home) for item in example.split(","))
    if example and is_obvious(name, example):
        return example
    for pattern, make in _SHAPES:
        if re.fullmatch(pattern, example, re.DOTALL):
            return make(name, example, home)
    return _by_name(name, home) if not example else _word(name, example, home)


def secret(example: str = "") -> str:
    """A new secret of the shape of the example: hexadecimal, base64, a UUID, a key, a token with a public prefix."""
    for pattern, make in _SECRETS:
        if example and re.fullmatch(pattern, example, re.DOTALL):
            return make(example)
    return _letters(len(example) if len(example) in (16, 24, 32) and " " not in example else 64)


def elsewhere(name: str, example: str) -> str:
    """An address at which nothing listens, or the part of one that the setting holds, in the form of the example."""
    upper = name.upper()
    if "," in example:
        return ",".join(elsewhere(name, item.strip()) for item in example.split(","))
    if "://" in example:
        shown = urlsplit(example)
        scheme = shown.scheme.replace("mongodb+srv", "mongodb")
        return f"{scheme}://{NOWHERE}/app" if len(shown.path) > 1 else f"{scheme}://{NOWHERE}"
    if re.fullmatch(r"\d+", example) or (not example and upper.endswith("PORT")):
        return str(_CLOSED_PORT)
    if re.fullmatch(r"[\w.-]+:\d+", example) or (not example and re.search(r"(?:BROKER|SERVER|NODE)S?$", upper)):
        return NOWHERE
    if not example and (scheme := scheme_of(name)) and re.search(r"(?:URL|URI|DSN|STRING|ENDPOINT)$", upper):
        return f"{scheme}://{NOWHERE}"
    return "127.0.0.1"


def _json(name: str, example: str, home: str) -> str:
    try:
        return json.dumps(_replaced(name, json.loads(example), home))
    except ValueError:
        return ""


def _replaced(name: str, value: Any, home: str) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(f"{name}_{key}", item, home) for key, item in value.items()}
    if isinstance(value, list):
        return [_replaced(name, item, home) for item in value]
    return like(name, value, home) if isinstance(value, str) else value


def _by_name(name: str, home: str) -> str:
    upper = name.upper()
    hints = (
        (r"\w*(?:EMAIL|MAIL|FROM|SENDER)", "somebody@example.com"),
        (r"(?:ENABLE|USE|IS|HAS|ALLOW|DISABLE|DEBUG)(?:_\w+)?|\w*(?:ENABLED?|DISABLED|DEBUG)", "false"),
        (r"\w*(?:TIMEOUT|LIMIT|MAX|MIN|SIZE|TTL|SECONDS|MINUTES|HOURS|DAYS|COUNT|RETRIES|ROUNDS|WORKERS)", "10"),
        (r"\w*(?:PORT)", str(_CLOSED_PORT)),
        (r"\w*(?:HOSTS?|HOSTNAME|SERVER|ADDR(?:ESS)?|DOMAIN)", "127.0.0.1"),
        (r"\w*(?:EXPIR\w*|LIFETIME|MAX_?AGE|INTERVAL)", "1h"),
        (r"\w*(?:LOG_?LEVEL)", "info"),
        (r"\w*(?:URL|URI|ORIGINS?)", "http://localhost:3000"),
        (_FOLDER, home),
    )
    return next((value for pattern, value in hints if re.fullmatch(pattern, upper)), _word(name, "", home))


def _word(name: str, example: str, home: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "value"


def _number(name: str, example: str, home: str) -> str:
    first, *rest = [
        secrets.choice("123456789" if at == 0 else string.digits) for at in range(sum(map(str.isdigit, example)))
    ]
    digits = iter((first, *rest))
    return "".join(next(digits) if character.isdigit() else character for character in example)


def _path(name: str, example: str, home: str) -> str:
    """A folder that the application writes to is one of its own; what it only reads must be the project's."""
    if example.startswith(("/", "~")) or re.fullmatch(_WRITTEN, name.upper()):
        return f"{home}/{example.rstrip('/').rpartition('/')[2] or 'folder'}"
    return example


def _address(name: str, example: str, home: str) -> str:
    shown = urlsplit(example)
    path = shown.path if _OBVIOUS.fullmatch(shown.path) else ""
    if shown.hostname in ("localhost", "127.0.0.1") and not shown.username:
        return f"{shown.scheme}://{shown.netloc}{path}"
    return f"http://localhost:3000{path}" if shown.scheme in ("http", "https") else elsewhere(name, example)


def _letters(count: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(count))


def _token(example: str) -> str:
    """Three parts of base64url that belong to no one."""
    parts = ({"alg": "HS256", "typ": "JWT"}, {"sub": "somebody"})
    encoded = [base64.urlsafe_b64encode(json.dumps(it).encode()).rstrip(b"=").decode() for it in parts]
    return ".".join((*encoded, _letters(43)))


def _base64(example: str) -> str:
    return base64.b64encode(secrets.token_bytes(len(base64.b64decode(example, validate=False)))).decode()


def _prefixed(example: str) -> str:
    prefix = re.match(r"(?:[A-Za-z]{2,8}[_-](?:live|test)[_-]|whsec_|[A-Za-z]{2,5}[_-])", example)
    assert prefix is not None
    return re.sub("live", "test", prefix[0]) + _letters(max(len(example) - len(prefix[0]), 24))


@cache
def _key(curve: bool) -> Any:
    """One for all settings, so that what is signed with the private half is accepted by the public one."""
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    return ec.generate_private_key(ec.SECP256R1()) if curve else rsa.generate_private_key(65537, 2048)


def _pem(example: str) -> str:
    """A new key of the kind: an application that reads it at the start wants a real one."""
    from cryptography.hazmat.primitives import serialization as form

    key = _key("EC " in example)
    is_old = re.search(r"BEGIN (?:RSA|EC) PRIVATE", example)
    kind = form.PrivateFormat.TraditionalOpenSSL if is_old else form.PrivateFormat.PKCS8
    if "PUBLIC KEY" in example or "CERTIFICATE" in example:
        made = key.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
    else:
        made = key.private_bytes(form.Encoding.PEM, kind, form.NoEncryption())
    text = made.decode().strip()
    return text.replace("\n", "\\n") if "\\n" in example else text


_SECRETS: tuple[tuple[str, Callable[[str], str]], ...] = (
    (r"-----BEGIN .*", _pem),
    (r"eyJ[\w-]+\.[\w-]+\.[\w-]*", _token),
    (r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}", lambda example: str(uuid.uuid4())),
    (r"\d+", lambda example: _number("", example, "")),
    (r"x{4,}", lambda example: _letters(len(example))),  # a length that a validation asks for
    (r"(?:[0-9a-fA-F]{2}){8,}", lambda example: secrets.token_hex(len(example) // 2)),
    (r"(?:[A-Za-z]{2,8}[_-](?:live|test)[_-]|whsec_)\w+|(?=.*\d)[A-Za-z]{2,5}[_-][A-Za-z0-9]{16,}", _prefixed),
    (r"(?=.*[+/=])(?:[A-Za-z0-9+/]{4}){2,}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", _base64),
)
_AS_SECRET = tuple(
    (pattern, lambda name, example, home: secret(example)) for pattern, _ in _SECRETS if pattern != r"\d+"
)
_SHAPES: tuple[tuple[str, Callable[[str, str, str], str]], ...] = (
    (r"[-+]?\d+(?:\.\d+)?", _number),
    (r"\+\d[\d ()-]{5,}", lambda name, example, home: "+15550100000"),
    (rf".+<{_EMAIL}>", lambda name, example, home: "Somebody <somebody@example.com>"),
    (_EMAIL, lambda name, example, home: f"{_word(name, '', '')}@example.com"),
    (r"https?://\S+", _address),
    (r"[a-z][a-z0-9+.-]*://\S+|[\w.-]+:\d{2,5}", lambda name, example, home: elsewhere(name, example)),
    (r"\d{1,3}(?:\.\d{1,3}){3}", lambda name, example, home: "127.0.0.1"),
    (r"\d{1,3}(?:\.\d{1,3}){3}/\d+", lambda name, example, home: "127.0.0.1/32"),
    (r"(?:~|\.{1,2})?/\S+", _path),
    *_AS_SECRET,
    (r"[\w.-]+(?:/[\w.-]+)+", _path),
    (_HOST_NAME, lambda name, example, home: "localhost"),
)
