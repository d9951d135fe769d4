"""What a setting's name and example value say about what it holds. Tables; `kind_of` reads them."""

from __future__ import annotations

import re

from looktwice.prove.app.plan import Kind

_DATABASE = r"(?:POSTGRES(?:QL)?|PG|DB|DATABASE|SQL|SQLALCHEMY|TYPEORM|DJANGO_DB|PRISMA|RDS(?:_DB)?)"
_REDIS = r"(?:\w+_)?(?:REDIS|VALKEY|CELERY_BROKER|BROKER|CACHE)(?:_\w+?)?"
# Stores and services that have no stand-in here, with the scheme of their address.
_FOREIGN: tuple[tuple[str, str], ...] = (
    ("MONGO(?:DB)?|MONGOOSE", "mongodb"),
    ("MYSQL|MARIADB", "mysql"),
    ("MSSQL|SQLSERVER", "mssql"),
    ("ORACLE", "oracle"),
    ("RABBIT(?:MQ)?|AMQP", "amqp"),
    ("KAFKA|REDPANDA|ZOOKEEPER|MEMCACHED?|CASSANDRA|SCYLLA|TEMPORAL|ETCD|STATSD|SYSLOG|GRAYLOG", ""),
    ("NATS", "nats"),
    ("MQTT", "mqtt"),
    ("SMTP|MAIL|MAILER|EMAIL|IMAP|POP3", "smtp"),
    ("LDAP", "ldap"),
    ("S?FTP", "ftp"),
    ("NEO4J", "bolt"),
    ("ELASTIC(?:SEARCH)?|OPENSEARCH|CLICKHOUSE|INFLUX(?:DB)?|MINIO|S3|MEILI(?:SEARCH)?|TYPESENSE|QDRANT|SOLR", "http"),
)
_FOREIGN_NAME = rf"(?:\w+_)?(?:{'|'.join(words for words, _ in _FOREIGN)})"
_ADDRESS = r"(?:URL|URI|DSN|CONNECTION_STRING|HOSTS?|HOSTNAME|SERVERS?|BROKERS?|NODES?|ADDR(?:ESS)?|ENDPOINT|PORT)"
_LOGIN = r"(?:USER(?:NAME)?|LOGIN)"

# The first row whose pattern matches the whole name decides.
_BY_NAME: tuple[tuple[str, Kind], ...] = (
    (r"\w*(?:ALLOWED|TRUSTED)_HOSTS?", Kind.MADE_UP),  # it must name this machine, by which it is asked
    (r"(?:APP_|SERVER_|HTTP_|API_|WEB_|LISTEN_)?PORT", Kind.PORT),
    # Its own address, as others see it.
    (r"(?:NEXT_?)?AUTH_URL|(?:APP|ROOT|SERVER|WEB|SITE)_(?:BASE_)?URL|BASE_URL|EMAIL_ADDR(?:ESS)?", Kind.LITERAL),
    (rf"{_FOREIGN_NAME}(?:_\w+?)?_?{_ADDRESS}", Kind.FOREIGN),
    (rf"(?:\w+_)?{_DATABASE}(?:_\w+)?_(?:URL|URI|DSN|CONNECTION_STRING)", Kind.DATABASE),
    (r"(?:DATABASE|DB|PG|POSTGRES)(?:URL|URI|DSN)|DB_CONNECTION|CONNECTION_STRING", Kind.DATABASE),
    (rf"(?:\w+_)?{_DATABASE}_*(?:HOST|HOSTNAME|SERVER|HOSTADDR|ADDR(?:ESS)?)", Kind.DATABASE_HOST),
    (rf"(?:\w+_)?{_DATABASE}_*PORT", Kind.DATABASE_PORT),
    (rf"(?:\w+_)?{_DATABASE}_*{_LOGIN}", Kind.DATABASE_USER),
    (rf"(?:\w+_)?{_DATABASE}_*(?:PASSWORD|PASSWD|PASS|PWD)", Kind.DATABASE_PASSWORD),
    (rf"(?:\w+_)?{_DATABASE}_*(?:DB|NAME|DBNAME|DB_NAME|DATABASE|DATABASE_NAME)", Kind.DATABASE_NAME),
    (rf"{_REDIS}_*(?:URL|URI|DSN|LOCATION)", Kind.REDIS),
    (rf"{_REDIS}_*(?:HOST|HOSTNAME|SERVER|ADDR(?:ESS)?)", Kind.REDIS_HOST),
    (rf"{_REDIS}_*PORT", Kind.REDIS_PORT),
    (rf"{_REDIS}_*(?:PASSWORD|PASS)", Kind.REDIS_PASSWORD),
    (
        r"(?:\w+_)?(?:FRONTEND|BACKEND|CLIENT|CORS|ORIGINS?|PUBLIC|SITE|CALLBACK|REDIRECT|DOMAIN|SELF|BASE_PATH)"
        r"(?:_(?!ID$|KEY$|SECRET|TOKEN|PASS)\w+)?",
        Kind.LITERAL,
    ),
    (
        r"(?:\w+_)?(?:SECRETS?|KEYS?|TOKENS?|PASS(?:WORD|WD|PHRASE)?|PWD|SALT|PEPPER|CREDENTIALS?|HMAC|JWT|PIN|OTP|SID)"
        r"(?:_\w+)?|(?:\w+_)?API_?KEY(?:_\w+)?|(?:\w+_)?CLIENT_ID",
        Kind.SECRET,
    ),
)
_BY_SCHEME: tuple[tuple[str, Kind], ...] = (
    (r"postgres(?:ql)?(?:\+\w+)?://[^\s]", Kind.DATABASE),
    (r"(?=.*\bhost\s*=)(?=.*\b(?:dbname|user)\s*=)[\w\s=.,:/'-]+$", Kind.DATABASE),  # libpq's words
    (r"prisma(?:\+postgres)?://", Kind.DATABASE),  # by way of somebody's pool
    (r"(?:rediss?|valkeys?)://[^\s]|unix://\S*(?:redis|valkey)", Kind.REDIS),
    (r"(?:sqlite3?(?:\+\w+)?|file|libsql):", Kind.FILE),
    (r"(?!https?:)[a-z][a-z0-9+.-]*://[^\s]", Kind.FOREIGN),
)
_UPSTREAM_NAME = r"(?:\w+_)?(?:URL|URI|ENDPOINT|BASE_URL|API_BASE|HOST_URL)"
# Durations, sizes and switches are no secrets, whatever word stands before them.
_NOT_SECRET = (
    r"\w*(?:EXPIR(?:E|ES|Y|ATION|ED)|TTL|MINUTES|SECONDS|DAYS|HOURS|LENGTH|SIZE|ROUNDS|ALGORITHM|ALG|TYPE|NAME|PREFIX|"
    r"ENABLED?|LIMIT|ISSUER|AUDIENCE|HEADER|LIFETIME|MAX_?AGE|INTERVAL|PATH|FILE|DIR|FOLDER)(?:_\w+)?"
)
_SWITCH = r"(?i)true|false|on|off|yes|no"

# Values that belong to a living system. The application is not started with any of them.
_LIVE: tuple[tuple[str, str], ...] = (
    (r"\b[srp]k_live_\w+", "a live payment key"),
    (r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b", "a cloud access key"),
    (r"\bAIza[\w-]{35}\b|\bya29\.[\w-]{20,}", "a cloud access key"),
    (r"\b(?:ghp|gho|ghs|ghu)_\w{30,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{20,}", "a code-hosting token"),
    (r"\bxox[abp]-[\w-]{10,}", "a chat token"),
    (r"\bsk-(?:ant|proj)-[\w-]{20,}", "a model provider's key"),
    (r"\bSG\.[\w-]{16,}\.[\w-]{16,}", "a mail service's key"),
    (r"\bshp(?:at|ss|ca)_[0-9a-f]{32}\b", "a shop's token"),
    (r"\b(?:npm_\w{36}|pypi-\w{20,}|dop_v1_\w{40,})", "a registry's or host's token"),
    (r"-----BEGIN [A-Z ]*PRIVATE KEY-----", "a private key"),
    (r"[\w.-]+\.(?:rds|cache|docdb|redshift|es|mq)\.amazonaws\.com", "a host of a cloud database"),
    (r"[\w.-]+\.(?:compute(?:-1)?|eu|us|ap)[\w.-]*\.amazonaws\.com", "a host of a cloud service"),
    (
        r"[\w.-]+\.(?:neon\.tech|supabase\.(?:co|com)|upstash\.io|render\.com|railway\.(?:app|internal)|rlwy\.net|"
        r"planetscale\.com|psdb\.cloud|(?:database|redis\.cache|postgres\.database|documents)\.(?:azure\.com|windows\.net)|"
        r"mongodb\.net|redislabs\.com|redis-cloud\.com|aivencloud\.com|ondigitalocean\.com|cockroachlabs\.cloud|"
        r"tsdb\.cloud|timescaledb\.io|elephantsql\.com|turso\.io|firebaseio\.com|cloudamqp\.com|confluent\.cloud|"
        r"fly\.(?:dev|io)|herokuapp\.com|crunchybridge\.com|nile\.tech|xata\.sh)\b",
        "a host of a cloud service",
    ),
)


def kind_of(name: str, value: str = "") -> Kind:
    """What a setting holds. value: the example or default that the project gives, "" when none is known."""
    for pattern, kind in _BY_SCHEME:
        if re.match(pattern, value):
            return kind
    upper = name.upper()
    if value.endswith("://"):
        return Kind.LITERAL
    for pattern, kind in _BY_NAME:
        if re.fullmatch(pattern, upper):
            return _unless_contradicted(kind, upper, value)
    if re.match(r"https?://", value) or (not value and re.fullmatch(_UPSTREAM_NAME, upper)):
        return Kind.UPSTREAM
    return Kind.LITERAL


def _unless_contradicted(kind: Kind, name: str, value: str) -> Kind:
    """The kind that the name tells, unless its own words or the example say that it is no such thing."""
    is_address = re.match(r"https?://", value) or (not value and re.fullmatch(_UPSTREAM_NAME, name))
    if kind is Kind.SECRET and is_address:
        return Kind.UPSTREAM
    if kind is Kind.SECRET and (re.fullmatch(_NOT_SECRET, name) or re.fullmatch(_SWITCH, value)):
        return Kind.LITERAL
    if kind is Kind.FOREIGN and re.match(r"https?://", value):
        return Kind.UPSTREAM
    if kind is Kind.FOREIGN and "@" in value:  # EMAIL_SERVERS_ADDRESS = somebody@somewhere
        return Kind.LITERAL
    if kind is Kind.DATABASE and re.fullmatch(r"\w+", value):
        return Kind.LITERAL  # DB_CONNECTION=postgres names a driver
    return kind


def scheme_of(name: str) -> str:
    """The scheme of the address that a setting of an outside store holds: MONGO_URL wants mongodb; "" for none."""
    for words, scheme in _FOREIGN:
        if re.search(rf"(?:^|_)(?:{words})(?:_|$)", name.upper()):
            return scheme
    return ""


def live(value: str) -> str:
    """What living thing a value names ("a live payment key"), or "" when none is recognised."""
    return next((words for pattern, words in _LIVE if re.search(pattern, value)), "")


def service_name(setting: str) -> str:
    """The name of an outside service after the setting that holds its address: PAYMENTS_API_URL is "payments"."""
    words = setting.lower().split("_")
    while len(words) > 1 and words[-1] in ("url", "uri", "base", "api", "endpoint", "host"):
        words.pop()
    return "_".join(words)
