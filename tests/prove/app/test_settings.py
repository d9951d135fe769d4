"""What the application gets for each setting: ours where it is one of our parts, else made up, never the user's own."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from looktwice.core.config import Prove, Upstream
from looktwice.prove.app import made_up
from looktwice.prove.app.environment import Secrets, environment
from looktwice.prove.app.failure import StartError
from looktwice.prove.app.plan import Addresses, Kind
from looktwice.prove.app.resolve import resolve
from looktwice.prove.app.sources import dotenv

OURS = Addresses(
    database="postgresql://app:pw@127.0.0.1:4321/app",
    redis="redis://127.0.0.1:6543/0",
    outside="http://127.0.0.1:8888",
)
HOME = Path("/the-home")


PROVE = Prove(start="x {port}")


def made(root: Path, files: dict[str, str], prove: Prove = PROVE) -> dict[str, str]:
    """The environment that a project of these files gets."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    plan = resolve(root, prove)
    upstreams = {it.name: f"http://127.0.0.1:7777/{it.name}" for it in plan.upstreams}
    addresses = Addresses(database=OURS.database, redis=OURS.redis, outside=OURS.outside, upstreams=upstreams)
    return environment(plan, addresses, Secrets(), HOME, 3999)


PRIVATE = """\
MONGO_URL=mongodb+srv://user:QUITE-PRIVATE@QUITE-PRIVATE.mongodb.net/QUITE-PRIVATE
SMTP_HOST=smtp.QUITE-PRIVATE.net
SMTP_PASS=QUITE-PRIVATE
JWT_KEY=QUITE-PRIVATE
TOKEN=QUITE-PRIVATE
STRIPE_SECRET_KEY=sk_live_QUITEPRIVATE
APP_NAME=QUITE-PRIVATE
ADMIN_EMAIL=QUITE-PRIVATE@corp.example
ALLOWED_HOSTS=QUITE-PRIVATE.example,api.QUITE-PRIVATE.example
CORS_ORIGINS=["https://QUITE-PRIVATE.example"]
BUCKET=QUITE-PRIVATE
UPLOAD_DIR=/home/QUITE-PRIVATE/uploads
SENTRY_DSN=https://QUITE-PRIVATE@o1.ingest.example/QUITE-PRIVATE
DB_HOST=QUITE-PRIVATE.internal
DB_PASS=QUITE-PRIVATE
DATABASE_URL=postgres://user:QUITE-PRIVATE@QUITE-PRIVATE:5432/QUITE-PRIVATE?options=x
REDIS_URL=redis://:QUITE-PRIVATE@QUITE-PRIVATE:6379/2
KAFKA_BROKERS=QUITE-PRIVATE:9092,b:9092
CONFIG={"a": {"b": ["QUITE-PRIVATE"]}}
KEY="-----BEGIN RSA PRIVATE KEY-----
QUITE-PRIVATE=
-----END RSA PRIVATE KEY-----"
OTHER='
QUITE-PRIVATE'
NUMBER=73910582764
"""


@pytest.mark.parametrize("name", [".env", ".env.local", ".env.production", "backend/.env", ".flaskenv", "prod.env"])
def test_nothing_of_a_file_of_the_users_is_passed_on(tmp_path, name):
    """The names count, and the forms; no value does, wherever the file lies."""
    found = made(tmp_path, {name: PRIVATE})
    assert "QUITE" not in json.dumps(found)
    assert "73910582764" not in json.dumps(found)
    assert {it.name for it in dotenv.assignments(PRIVATE)} <= found.keys()
    again = dotenv.written(list(dotenv.assignments(PRIVATE)), found)
    assert "QUITE" not in again and "MONGO_URL=mongodb://127.0.0.1:9/app\n" in again


@pytest.mark.parametrize(
    ("line", "value"),
    [
        # plainly no secret
        ("NODE_ENV=development", "development"),
        ("DEBUG=true", "true"),
        ("LOG_LEVEL=info", "info"),
        ("LIMIT=3000", "3000"),
        ("ZONE=Europe/Berlin", "Europe/Berlin"),
        ("CURRENCY=EUR", "EUR"),
        ("JWT_EXPIRES_IN=15m", "15m"),
        ("JWT_ALGORITHM=HS256", "HS256"),
        ("PREFIX=/api/v1", "/api/v1"),
        ("REGION=eu-west-1", "eu-west-1"),
        ("CRON=*/5 * * * *", "*/5 * * * *"),
        ("PYTHONPATH=src", "src"),
        # ours
        ("X=postgresql+asyncpg://u:p@db/x", "postgresql+asyncpg://app:pw@127.0.0.1:4321/app"),
        ("X=host=db dbname=x user=u", "host=127.0.0.1 port=4321 dbname=app user=app password=pw"),
        ("X=redis://:secret@cache:6379/3", "redis://127.0.0.1:6543/3"),
        ("PORT=8000", "3999"),
        ("X=postgres://u:p@db/x?schema=s&user=me&password=p", "postgres://app:pw@127.0.0.1:4321/app?schema=s"),
        # where nobody listens
        ("X=mongodb://u:p@db/x", "mongodb://127.0.0.1:9/app"),
        ("X=mysql://u:p@db:3306/x", "mysql://127.0.0.1:9/app"),
        ("X=amqps://u:p@mq", "amqps://127.0.0.1:9"),
        ("X=broker:9092", "127.0.0.1:9"),
        ("MAIL_HOST=mail.corp.example", "127.0.0.1"),
        # of the same form
        ("X=somebody@corp.example", "x@example.com"),
        ("X=The Shop <shop@corp.example>", "Somebody <somebody@example.com>"),
        ("X=shop.corp.example", "localhost"),
        ("X=10.2.3.4", "127.0.0.1"),
        ("SITE_URL=https://shop.corp.example/shop", "http://localhost:3000/shop"),
        ("SITE_URL=http://localhost:5173", "http://localhost:5173"),
        ("X=/var/lib/shop/uploads", "/the-home/uploads"),
        ("UPLOAD_DIR=./uploads", "/the-home/uploads"),
        ("TEMPLATES=./src/templates", "./src/templates"),
        ("X=sqlite:///./dev.db", "sqlite:////the-home/dev.db"),
        ("X=file:./dev.db", "file:/the-home/dev.db"),
        ("X=sqlite:///:memory:", "sqlite:///:memory:"),
        ("X=a-word", "x"),
        ("DJANGO_ALLOWED_HOSTS=shop.corp.example", "127.0.0.1,localhost"),
    ],
)
def test_a_value_by_its_form(tmp_path, line, value):
    name = line.partition("=")[0]
    assert made(tmp_path, {".env": f"{line}\n"})[name] == value


@pytest.mark.parametrize(
    ("example", "form"),
    [
        ("00112233445566778899aabbccddeeff", r"[0-9a-f]{32}"),
        ("c0ffee00-1234-4abc-8def-001122334455", r"[0-9a-f-]{36}"),
        (base64.b64encode(bytes(32)).decode(), r"[A-Za-z0-9+/]{43}="),
        ("sk_live_51HabcDEF", r"sk_test_\w{24,}"),
        ("whsec_abcdefghijklmnop", r"whsec_\w{24,}"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc", r"eyJ[\w-]+\.[\w-]+\.[\w-]+"),
        ("4711081512", r"\d{10}"),
        ("12345678901234567890123456789012"[:24] + "abcdefgh", r"\w{32}"),
        ("changeme", r"\w{64}"),
        ("-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----", r"(?s)-----BEGIN PRIVATE KEY-----.+KEY-----"),
        ("-----BEGIN EC PRIVATE KEY-----\\nMIIB", r"-----BEGIN EC PRIVATE KEY-----\\n.+"),
    ],
)
def test_a_secret_keeps_its_form_and_nothing_else(example, form):
    first, second = made_up.secret(example), made_up.secret(example)
    assert re.fullmatch(form, first), first
    assert first != example
    assert first != second or "BEGIN" in example  # one pair of keys, so that its halves fit


def test_what_the_project_shows_to_everybody_is_no_secret(tmp_path):
    """In an example file, or in its code: a choice of a validation, a comparison."""
    files = {
        ".env": "PROVIDER=acme\nTHEME=plum\nFLAVOUR=sour\nCOHORT=mine\nDB_SCHEMA=ledger\n",
        "schema.sql": "CREATE SCHEMA ledger;",
        ".env.example": "THEME=plum\n",
        "app.ts": "if (process.env.PROVIDER === 'acme') {}\nconst e = z.object({ FLAVOUR: z.enum(['sweet', 'sour']) })",
    }
    found = made(tmp_path, files)
    assert found["DB_SCHEMA"] == "ledger"
    assert (found["PROVIDER"], found["THEME"], found["FLAVOUR"], found["COHORT"]) == ("acme", "plum", "sour", "cohort")


def test_the_codes_own_default_comes_before_something_made_up(tmp_path):
    files = {".env": "TITLE=Mine\nMODE=mine\n", "app.py": "t = os.getenv('TITLE', 'The shop')"}
    files["a.ts"] = "const e = z.object({ MODE: z.enum(['fast', 'slow']) })"
    found = made(tmp_path, files)
    assert (found["TITLE"], found["MODE"]) == ("The shop", "fast")


def test_all_instances_of_a_run_get_the_same_and_another_run_another(tmp_path):
    (tmp_path / ".env").write_text("JWT_KEY=x\nACCOUNT=12345678901\n")
    plan, secrets = resolve(tmp_path, Prove(start="x")), Secrets()
    first, second = (environment(plan, OURS, secrets, Path(home)) for home in ("/a", "/b"))
    third = environment(plan, OURS, Secrets(), Path("/a"))
    for name in ("JWT_KEY", "ACCOUNT"):
        assert first[name] == second[name] != third[name]


def test_files_never_say_where_programs_and_homes_are(tmp_path):
    files = {
        ".env": "PATH=/evil\nHOME=/home/me\nLD_PRELOAD=/evil.so\nBASH_ENV=/evil\nHTTP_PROXY=http://corp\nENV=prod\n"
    }
    found = made(tmp_path, files)
    assert "/evil" not in json.dumps(found)
    assert (found["HOME"], found["HTTP_PROXY"], found["ENV"]) == ("/the-home", "http://127.0.0.1:8888", "prod")


# ---- what the code says


@pytest.mark.parametrize(
    ("file", "code", "values"),
    [
        # parts of one address, whatever they are called
        ("a.py", 'HOST = os.environ.get("DB_HOST", None)', {"DB_HOST": "127.0.0.1"}),
        ("a.py", 'DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "HOST": env("MACHINE"), '
         '"PORT": env("GATE"), "USER": env("WHO"), "PASSWORD": env("SESAME"), "NAME": env("WHAT")}}',
         {"MACHINE": "127.0.0.1", "GATE": "4321", "WHO": "app", "SESAME": "pw", "WHAT": "app"}),
        ("a.ts", "new Pool({ host: process.env.MACHINE, port: Number(process.env.GATE), user: process.env.WHO })",
         {"MACHINE": "127.0.0.1", "GATE": "4321", "WHO": "app"}),
        ("a.ts", "new Redis({ host: process.env.QUEUE_MACHINE, port: +process.env.QUEUE_GATE })",
         {"QUEUE_MACHINE": "127.0.0.1", "QUEUE_GATE": "6543"}),
        (".env.example", "STORE_HOST=db\nSTORE_PORT=5432\nSTORE_USER=u\nSTORE_PASSWORD=p\nSTORE_NAME=shop\n",
         {"STORE_HOST": "127.0.0.1", "STORE_PORT": "4321", "STORE_USER": "app", "STORE_PASSWORD": "pw",
          "STORE_NAME": "app"}),
        (".env.example", "DB_DIALECT=postgres\nDB_HOST=db\nDB_PORT=15432\nDB_USERNAME=u\n",
         {"DB_DIALECT": "postgres", "DB_HOST": "127.0.0.1", "DB_PORT": "4321", "DB_USERNAME": "app"}),
        (".env.example", "JOBS_HOST=cache\nJOBS_PORT=6379\n", {"JOBS_HOST": "127.0.0.1", "JOBS_PORT": "6543"}),
        # an application on MySQL is not sent to PostgreSQL
        (".env.example", "DB_HOST=db\nDB_PORT=3306\nDB_USER=u\n", {"DB_HOST": "127.0.0.1", "DB_PORT": "9"}),
        (".env.example", "DB_CONNECTION=mysql\nDB_HOST=db\nDB_PORT=3307\n", {"DB_HOST": "127.0.0.1", "DB_PORT": "9"}),
        # through functions of the project, lists and patterns
        ("a.py", "def get(name, default=None):\n    return os.environ.get(name, default)\nget_setting = get\n"
         "def need(name):\n    return os.environ[name]\nx = need('STORE_URL'); y = need('COUNT_OF_THINGS')",
         {"STORE_URL": "http://127.0.0.1:7777/store", "COUNT_OF_THINGS": "count-of-things"}),
        ("a.ts", "function must(k: string): string { const v = process.env[k]; if (!v) throw k; return v }\n"
         "must('DB_HOST'); must('THING')", {"DB_HOST": "127.0.0.1", "THING": "thing"}),
        ("a.ts", "for (const k of ['DATABASE_URL', 'API_TOKEN']) if (!process.env[k]) throw k",
         {"DATABASE_URL": "postgresql://app:pw@127.0.0.1:4321/app", "API_TOKEN": None}),
        ("a.ts", "const { DB_HOST, DB_PORT: port = '5432' } = process.env",
         {"DB_HOST": "127.0.0.1", "DB_PORT": "4321"}),
        # validated configuration
        ("a.ts", "config.getOrThrow<string>('DB_HOST'); config.getOrThrow('THE_THING')",
         {"DB_HOST": "127.0.0.1", "THE_THING": "the-thing"}),
        ("a.ts", "Joi.object({ MODE: Joi.string().valid('fast', 'slow').required(), PAGES: Joi.number().required(),\n"
         "  KEY: Joi.string().min(48).required(), FROM: Joi.string().email().required() })",
         {"MODE": "fast", "PAGES": "10", "KEY": None, "FROM": "somebody@example.com"}),
        ("a.ts", "cleanEnv(process.env, { MODE: str({ choices: ['fast'] }), ON: bool(), PORT: port(), LINK: url() })",
         {"MODE": "fast", "ON": "false", "PORT": "3999", "LINK": "http://127.0.0.1:7777/link"}),
        ("a.ts", "z.object({\n  MODE: z.enum(['fast', 'slow']),\n  PAGES: z.coerce.number()\n    .int(),\n"
         "  WORD: z.string().min(1),\n})",
         {"MODE": "fast", "PAGES": "10", "WORD": "word"}),
        ("a.ts", "import 'class-validator'\nclass Env {\n  @IsNumber()\n  MAX_ITEMS: number;\n"
         "  @IsEmail() FROM!: string;}",
         {"MAX_ITEMS": "10", "FROM": "somebody@example.com"}),
        ("a.py", "class S(BaseSettings):\n    mode: Literal['fast', 'slow']\n    n: int\n    on: bool\n"
         "    m: EmailStr\n    u: AnyHttpUrl\n    tags: list[str]\n    db: PostgresDsn\n    name: str\n",
         {"MODE": "fast", "N": "10", "ON": "false", "M": "somebody@example.com", "U": "http://127.0.0.1:7777/u",
          "TAGS": '["value"]', "DB": "postgresql://app:pw@127.0.0.1:4321/app", "NAME": "name"}),
        ("a.py", "class Db(BaseModel):\n    host: str\n    port: int = 5432\nclass S(BaseSettings):\n"
         "    model_config = C(env_prefix='APP_', env_nested_delimiter='__')\n"
         "    db: Db\n    key: str = Field(alias='OTHER_KEY')\n",
         {"APP_DB__HOST": "127.0.0.1", "APP_DB__PORT": "4321", "OTHER_KEY": None}),
        ("a.py", "n = int(os.environ['PAGES']); w = env.int('WIDTH'); on = env.bool('ON_OFF')\n"
         "d = config('DEPTH', cast=int)",
         {"PAGES": "10", "WIDTH": "10", "ON_OFF": "false", "DEPTH": "10"}),
        # look-alikes: optional ones are left to the code, a value of the code's own is not replaced
        ("a.py", "a = os.getenv('NICKNAME'); b = os.environ.get('OTHER_NAME', None); c = os.getenv('TITLE', 'x')",
         {"NICKNAME": ..., "OTHER_NAME": ..., "TITLE": "x"}),
        ("a.ts", "process.env.SENTRY_NAME; z.object({ MAYBE: z.string().optional(), DD: z.string().default('d') })",
         {"SENTRY_NAME": ..., "MAYBE": ..., "DD": "d"}),
        # a default that leads to the user's own machine
        ("a.py", "u = os.getenv('STORE', 'mongodb://localhost:27017/shop')", {"STORE": "mongodb://127.0.0.1:9/app"}),
        ("a.ts", "const u = process.env.DB ?? 'postgres://localhost/shop'", {"DB": "postgres://app:pw@127.0.0.1:4321/app"}),
    ],
)  # fmt: skip
def test_what_the_code_reads_gets_a_value_that_it_takes(tmp_path, file, code, values):
    found = made(tmp_path, {file: code})
    for name, value in values.items():
        if value is ...:
            assert name not in found
        elif value is None:
            assert len(found[name]) >= 32
        else:
            assert found.get(name) == value, name


def test_a_length_that_is_asked_for_is_kept(tmp_path):
    found = made(tmp_path, {"a.ts": "Joi.object({ APP_KEY: Joi.string().length(48).required() })"})
    assert len(found["APP_KEY"]) == 48


def test_further_ports_are_free_ones_for_each_instance(tmp_path):
    (tmp_path / ".env").write_text("METRICS_PORT=9090\n")
    plan, secrets = resolve(tmp_path, Prove(start="x")), Secrets()
    ports = {environment(plan, OURS, secrets, HOME)["METRICS_PORT"] for _ in range(2)}
    assert len(ports) == 2 and "9090" not in ports


# ---- files in every dialect


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A=1\nexport B=2\nC = 3 # no\nD: 4\n", {"A": "1", "B": "2", "C": "3", "D": "4"}),
        ("A='1 # 2'\nB=\"x\\ny\"\nC=`z`\nD=\n", {"A": "1 # 2", "B": "x\ny", "C": "z", "D": ""}),
        (
            "A='two\nlines'\nB=\"three\nlines\nmore=1\"\nC=x\n",
            {"A": "two\nlines", "B": "three\nlines\nmore=1", "C": "x"},
        ),
        ("A='unclosed\nB=2\n", {"A": "'unclosed", "B": "2"}),
        ("# A=1\n\n  B=2\r\nC=a=b\nD=a#b\n", {"B": "2", "C": "a=b", "D": "a#b"}),
        ("\ufeffA=1", {"A": "1"}),
        ("A.B-C=1\n=2\n!x=3\n", {"A.B-C": "1"}),
    ],
)
def test_files_of_every_dialect_are_read(tmp_path, text, found):
    (tmp_path / ".env").write_bytes(text.encode())
    assert {it.name: it.value for it in dotenv.assignments(dotenv.text_of(tmp_path / ".env"))} == found


@given(st.dictionaries(st.from_regex(r"[A-Z_][A-Z0-9_]{0,9}", fullmatch=True), st.text(max_size=40), max_size=6))
def test_what_is_written_is_read_again(values):
    plain = {name: value.replace("\r", "").replace("\0", "").replace("\\", "") for name, value in values.items()}
    text = dotenv.written([dotenv.Assignment(name, "x", 1) for name in plain], plain)
    assert {it.name: it.value for it in dotenv.assignments(text)} == plain


@given(st.text(max_size=300))
def test_any_text_is_read_or_passed_over(text):
    for it in dotenv.assignments(text):
        assert it.name and it.line >= 1


@given(st.text(max_size=80), st.text(max_size=20))
def test_something_can_be_made_up_for_anything(example, name):
    assert isinstance(made_up.like(name, example, "/h"), str)
    assert isinstance(made_up.elsewhere(name, example), str)
    assert isinstance(made_up.secret(example), str)


# ---- what the user writes for us


@pytest.mark.parametrize(
    "prove",
    [
        Prove(start="x", environment={"KEY": "sk_live_51Habc"}),
        Prove(start="x", environment={"DB": "postgres://u:p@x.rds.amazonaws.com/d"}),
        Prove(start="env KEY=sk_live_51Habc node x"),
        Prove(start="x", setup=("psql postgres://u:p@ep-1.eu.neon.tech/d",)),
    ],
)
def test_living_values_that_the_user_passes_are_refused_without_being_shown(tmp_path, prove):
    with pytest.raises(StartError) as caught:
        made(tmp_path, {}, prove)
    assert "looktwice.toml" in str(caught.value)
    assert "not started with that" in str(caught.value) or "not run with that" in str(caught.value)


def test_what_the_user_sets_for_us_is_taken_unchanged(tmp_path):
    prove = Prove(start="x", environment={"NAME": "QUITE-PRIVATE"}, database=("LEDGER",))
    found = made(tmp_path, {".env": PRIVATE, "looktwice.toml": ""}, prove)
    assert found["NAME"] == "QUITE-PRIVATE"
    assert found["LEDGER"] == OURS.database


@pytest.mark.parametrize("status", [101, 99, 600, 0])
def test_a_status_that_is_none_is_refused(tmp_path, status):
    with pytest.raises(StartError, match="not a status with which a service can answer"):
        made(tmp_path, {}, Prove(start="x", upstreams={"pay": Upstream(variable="P", status=status)}))


def test_kinds_are_shown_with_where_they_were_found(tmp_path):
    (tmp_path / ".env").write_text("# ours\nMONGO_URL=mongodb://x/y\n")
    plan = resolve(tmp_path, Prove(start="x"))
    assert "setting  MONGO_URL: elsewhere   (.env:2)" in plan.detected()
    assert next(it for it in plan.settings if it.name == "MONGO_URL").kind is Kind.FOREIGN


def test_what_says_nothing_of_a_database_reaches_ours(tmp_path):
    """psql and others take an address from these names, else the socket of the machine's own server."""
    found = made(tmp_path, {})
    assert {name: found[name] for name in ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE")} == {
        "PGHOST": "127.0.0.1",
        "PGPORT": "4321",
        "PGUSER": "app",
        "PGPASSWORD": "pw",
        "PGDATABASE": "app",
    }


@pytest.mark.parametrize(
    ("manifest", "text", "shown", "value"),
    [
        ("requirements.txt", "sqlalchemy\npsycopg2-binary\n", "sqlite:///./dev.db",
         "postgresql://app:pw@127.0.0.1:4321/app"),
        ("pyproject.toml", 'dependencies = ["psycopg[binary]>=3"]', "sqlite:///./dev.db",
         "postgresql+psycopg://app:pw@127.0.0.1:4321/app"),
        ("requirements.txt", "asyncpg==1\naiosqlite\n", "sqlite+aiosqlite:///./dev.db",
         "postgresql+asyncpg://app:pw@127.0.0.1:4321/app"),
        ("package.json", '{"dependencies": {"pg": "^8"}}', "sqlite:./dev.db", "postgresql://app:pw@127.0.0.1:4321/app"),
        # none that could reach PostgreSQL: the file it wants, thrown away
        ("requirements.txt", "sqlalchemy\n", "sqlite:///./dev.db", "sqlite:////the-home/dev.db"),
        ("package.json", '{"dependencies": {"pg": "^8"}}', "file:./dev.db", "file:/the-home/dev.db"),
    ],
)  # fmt: skip
def test_a_project_that_shows_a_file_and_can_do_more(tmp_path, manifest, text, shown, value):
    assert made(tmp_path, {manifest: text, ".env": f"DATABASE_URL={shown}\n"})["DATABASE_URL"] == value
