"""What a setting's name and example value say about what it holds. Tables; `kind_of` reads them."""

from __future__ import annotations

import re

from looktwice.prove.app.plan import Kind

_DATABASE = r"(?:POSTGRES(?:QL)?|PG|DB|DATABASE|SQL|SQLALCHEMY|TYPEORM|DJANGO_DB|PRISMA)"
_REDIS = r"(?:\w+_)?(?:REDIS|VALKEY|CELERY_BROKER|BROKER|CACHE)(?:_\w+?)?"
# Stores that have no stand-in here: such a setting is left to the application's own default.
_OTHER_STORE = (
    r"(?:\w+_)?(?:MYSQL|MARIADB|SQLITE|MONGO(?:DB)?|MSSQL|ORACLE|CASSANDRA|ELASTIC(?:SEARCH)?|RABBITMQ|AMQP|KAFKA)_?\w*"
)

# The first row whose pattern matches the whole name decides.
_BY_NAME: tuple[tuple[str, Kind], ...] = (
    (r"(?:APP_|SERVER_|HTTP_|API_)?PORT", Kind.PORT),
    (rf"(?:\w+_)?{_DATABASE}(?:_\w+)?_(?:URL|URI|DSN|CONNECTION_STRING)", Kind.DATABASE),
    (r"(?:DATABASE|DB|PG|POSTGRES)(?:URL|URI|DSN)|DB_CONNECTION|CONNECTION_STRING", Kind.DATABASE),
    (rf"(?:\w+_)?{_DATABASE}_?(?:HOST|HOSTNAME|SERVER|HOSTADDR)", Kind.DATABASE_HOST),
    (rf"(?:\w+_)?{_DATABASE}_?PORT", Kind.DATABASE_PORT),
    (rf"(?:\w+_)?{_DATABASE}_?(?:USER|USERNAME)", Kind.DATABASE_USER),
    (rf"(?:\w+_)?{_DATABASE}_?(?:PASSWORD|PASS|PWD)", Kind.DATABASE_PASSWORD),
    (rf"(?:\w+_)?{_DATABASE}_?(?:DB|NAME|DATABASE|DATABASE_NAME)", Kind.DATABASE_NAME),
    (rf"{_REDIS}_?(?:URL|URI|DSN|LOCATION)", Kind.REDIS),
    (rf"{_REDIS}_?(?:HOST|HOSTNAME|SERVER)", Kind.REDIS_HOST),
    (rf"{_REDIS}_?PORT", Kind.REDIS_PORT),
    (rf"{_REDIS}_?(?:PASSWORD|PASS)", Kind.REDIS_PASSWORD),
    (
        r"(?:\w+_)?(?:FRONTEND|BACKEND|CLIENT|CORS|ORIGINS?|PUBLIC|SITE|CALLBACK|REDIRECT|DOMAIN|SELF|BASE_PATH)(?:_\w+)?",
        Kind.LITERAL,
    ),
    (
        r"(?:\w+_)?(?:SECRET|API_?KEY|TOKEN|PASSWORD|PASSPHRASE|SALT|PRIVATE_KEY|ACCESS_KEY|SECRET_KEY|PEPPER|SIGNING_KEY)"
        r"(?:_\w+)?",
        Kind.SECRET,
    ),
)
_BY_SCHEME: tuple[tuple[str, Kind], ...] = (
    (r"postgres(?:ql)?(?:\+\w+)?://[^\s]", Kind.DATABASE),
    (r"rediss?://[^\s]", Kind.REDIS),
)
_UPSTREAM_NAME = r"(?:\w+_)?(?:URL|URI|ENDPOINT|BASE_URL|API_BASE|HOST_URL)"
# Durations, sizes and switches are no secrets, whatever word stands before them.
_NOT_SECRET = r"\w*(?:EXPIRE|EXPIRY|EXPIRES|TTL|MINUTES|SECONDS|DAYS|HOURS|LENGTH|ALGORITHM|TYPE|NAME|ENABLED|LIMIT)\w*"

# Values that belong to a living system. The application is not started with any of them.
_LIVE: tuple[tuple[str, str], ...] = (
    (r"\b[sr]k_live_\w+", "a live payment key"),
    (r"\bAKIA[0-9A-Z]{16}\b", "a cloud access key"),
    (r"\b(?:ghp|gho|ghs)_\w{30,}|\bgithub_pat_\w{20,}", "a code-hosting token"),
    (r"\bxox[abp]-[\w-]{10,}", "a chat token"),
    (r"\bsk-(?:ant|proj)-[\w-]{20,}", "a model provider's key"),
    (r"-----BEGIN [A-Z ]*PRIVATE KEY-----", "a private key"),
    (r"[\w.-]+\.(?:rds|cache|docdb)\.amazonaws\.com", "a host of a cloud database"),
    (
        r"[\w.-]+\.(?:neon\.tech|supabase\.co|supabase\.com|upstash\.io|render\.com|railway\.app|planetscale\.com|"
        r"database\.azure\.com|mongodb\.net|redislabs\.com|aivencloud\.com|ondigitalocean\.com)\b",
        "a host of a cloud service",
    ),
)


def kind_of(name: str, value: str = "") -> Kind:
    """What a setting holds. value: the example or default that the project gives, "" when none is known."""
    for pattern, kind in _BY_SCHEME:
        if re.match(pattern, value):
            return kind
    upper = name.upper()
    if re.fullmatch(_OTHER_STORE, upper) or value.endswith("://"):
        return Kind.LITERAL
    for pattern, kind in _BY_NAME:
        if re.fullmatch(pattern, upper):
            return Kind.LITERAL if kind is Kind.SECRET and re.fullmatch(_NOT_SECRET, upper) else kind
    if re.match(r"https?://", value) or (not value and re.fullmatch(_UPSTREAM_NAME, upper)):
        return Kind.UPSTREAM
    return Kind.LITERAL


def live(value: str) -> str:
    """What living thing a value names ("a live payment key"), or "" when none is recognised."""
    return next((words for pattern, words in _LIVE if re.search(pattern, value)), "")


def service_name(setting: str) -> str:
    """The name of an outside service after the setting that holds its address: PAYMENTS_API_URL is "payments"."""
    words = setting.lower().split("_")
    while len(words) > 1 and words[-1] in ("url", "uri", "base", "api", "endpoint", "host"):
        words.pop()
    return "_".join(words)
