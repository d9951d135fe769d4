"""What a project's own files show: small trees, and what is made of each."""

import contextlib
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from looktwice.core.config import Prove
from looktwice.prove.app.failure import StartError
from looktwice.prove.app.plan import Kind
from looktwice.prove.app.resolve import resolve
from looktwice.prove.app.sources import commands, dotenv, migrations, rewrite, settings_in_code


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.parametrize(
    ("files", "words", "origin", "directory"),
    [
        ({"Procfile": "release: x\nweb: uvicorn a:app --port $PORT"}, "uvicorn a:app --port {port}", "Procfile:2", "."),
        ({"manage.py": "import django", "package.json": json.dumps({"scripts": {"start": "webpack serve"}})},
         "python manage.py runserver 127.0.0.1:{port} --noreload", "manage.py", "."),
        ({"backend/manage.py": "from django.core.management import x", "backend/a/wsgi.py": ""},
         "python manage.py runserver 127.0.0.1:{port} --noreload", "backend/manage.py", "backend"),
        ({"manage.py": "from flask_script import Manager", "server.py": "app = Flask(__name__)\n"},
         "python -m flask --app server:app run --port {port}", "server.py:1", "."),
        ({"main.py": "from fastapi import FastAPI\napp = FastAPI()\n"},
         "python -m uvicorn main:app --port {port}", "main.py:2", "."),
        ({"shop/__init__.py": "", "shop/main.py": "import fastapi\n\napi = fastapi.FastAPI()\n"},
         "python -m uvicorn shop.main:api --port {port}", "shop/main.py:3", "."),
        ({"src/app/main.py": "from app.core import x\napp = FastAPI()\n"},
         "python -m uvicorn app.main:app --port {port}", "src/app/main.py:2", "src"),
        ({"web/factory.py": "def create_app():\n    return FastAPI()\n"},
         "python -m uvicorn factory:create_app --factory --port {port}", "web/factory.py:1", "web"),
        ({"server.py": "app = Flask(__name__)\n"},
         "python -m flask --app server:app run --port {port}", "server.py:1", "."),
        ({"package.json": json.dumps({"scripts": {"start": "node src/server.js"}}, indent=1)},
         "node src/server.js", "package.json:3", "."),
        ({"package.json": json.dumps({"scripts": {"start": "A=1 node x.js | tee log"}}, indent=1)},
         "npm run --silent start", "package.json:3", "."),
        ({"Dockerfile": 'FROM x\nCMD ["uvicorn", "a:app", "--host", "0.0.0.0", "--port", "80"]\n', "a.py": ""},
         "uvicorn a:app --host 127.0.0.1 --port {port}", "Dockerfile:2", "."),
        ({"Dockerfile": "CMD gunicorn a:app -w 4 -b 0.0.0.0:${PORT:-80}\n", "a.py": ""},
         "gunicorn a:app -b 127.0.0.1:{port}", "Dockerfile:1", "."),
        ({"compose.yml": "services:\n  db: {image: pg}\n  web:\n    build: .\n    command: uvicorn x.y:app --reload",
          "src/x/y.py": ""},
         "uvicorn x.y:app --port {port}", "compose.yml:3", "src"),
    ],
)  # fmt: skip
def test_start(tmp_path, files, words, origin, directory):
    command = commands.start(tree(tmp_path, files))
    assert (str(command), str(command.origin), command.directory) == (words, origin, directory)


def test_an_entry_script_of_an_image_is_not_taken(tmp_path):
    assert commands.start(tree(tmp_path, {"Dockerfile": 'ENTRYPOINT ["/entrypoint.sh"]\n'})) is None


def test_nothing_to_start_names_what_was_looked_at(tmp_path):
    with pytest.raises(StartError) as caught:
        resolve(tmp_path, Prove())
    assert "Procfile" in str(caught.value)
    assert 'start = "' in str(caught.value)


def test_an_unclosed_quote_in_the_users_command(tmp_path):
    with pytest.raises(StartError, match="start = "):
        resolve(tmp_path, Prove(start="uvicorn 'app"))


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"alembic.ini": ""}, ["python -m alembic upgrade head"]),
        ({"src/alembic.ini": ""}, ["python -m alembic upgrade head"]),
        ({"manage.py": ""}, ["python manage.py migrate --no-input"]),
        ({"prisma/migrations/2_b/migration.sql": "", "prisma/migrations/1_a/migration.sql": ""},
         ["prisma/migrations/1_a/migration.sql", "prisma/migrations/2_b/migration.sql"]),
        ({"migrations/1.up.sql": "", "migrations/1.down.sql": ""}, ["migrations/1.up.sql"]),
        ({"schema.sql": ""}, ["schema.sql"]),
        ({"src/infra/db/migrations/2.sql": "", "src/infra/db/migrations/1.sql": "", "src/a.sql": ""},
         ["src/infra/db/migrations/1.sql", "src/infra/db/migrations/2.sql"]),
        ({}, []),
    ],
)  # fmt: skip
def test_migrations(tmp_path, files, words):
    assert [str(command) for command in migrations.commands(tree(tmp_path, files))] == words


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("a.py", 'os.environ["DATABASE_URL"]', [("DATABASE_URL", Kind.DATABASE)]),
        ("a.py", 'os.getenv("SECRET_KEY", "x")', [("SECRET_KEY", Kind.SECRET)]),
        ("a.py", 'x = config("SENTRY_URL", default=None)', []),
        ("a.ts", "process.env.ATS_URL ?? 'http://x'", [("ATS_URL", Kind.UPSTREAM)]),
        ("a.ts", 'required("DB_HOST")', [("DB_HOST", Kind.DATABASE_HOST)]),
        ("a.py", "class S(BaseSettings):\n    database_url: str\n    crm_url: str | None = None\n    n: int = 3\n",
         [("DATABASE_URL", Kind.DATABASE), ("N", Kind.LITERAL)]),
        ("a.py", 'class S(BaseSettings):\n    secret_key: str = token_hex(8)\n    uri: str = f"{x}"\n',
         [("SECRET_KEY", Kind.SECRET)]),
        ("a.py", "class S(BaseSettings):\n    model_config = Config(env_prefix='APP_')\n    port: int = 1\n",
         [("APP_PORT", Kind.PORT)]),
        ("a.py", "class Settings(BaseSettings):\n    not python (", []),
        ("node_modules/x/a.ts", "process.env.ATS_URL", []),
    ],
)  # fmt: skip
def test_settings_in_code(tmp_path, name, text, found):
    settings = settings_in_code.settings(tree(tmp_path, {name: text}))
    assert [(setting.name, setting.kind) for setting in settings] == found


def test_dotenv_files_of_the_project_and_above(tmp_path):
    tree(
        tmp_path,
        {"compose.yml": "", ".env": "SECRET_KEY=a\n", "backend/.env.example": "# x\nexport A='1 # 2'\nB=2 # no"},
    )
    found = {setting.name: (setting.value, str(setting.origin)) for setting in dotenv.settings(tmp_path / "backend")}
    assert found == {"A": ("1 # 2", ".env.example:2"), "B": ("2", ".env.example:3"), "SECRET_KEY": ("a", "../.env:1")}


def test_the_users_word_counts_most(tmp_path):
    tree(
        tmp_path,
        {".env.example": "PAYMENTS_URL=https://api.pay.example\nMAIN=x\nMODE=a\n", "main.py": "app = FastAPI()"},
    )
    plan = resolve(tmp_path, Prove(database=("MAIN",), environment={"MODE": "b"}))
    found = {setting.name: (setting.kind, setting.value) for setting in plan.settings}
    assert found == {
        "PAYMENTS_URL": (Kind.UPSTREAM, "payments"),
        "MAIN": (Kind.DATABASE, "x"),
        "MODE": (Kind.LITERAL, "b"),
    }
    assert [upstream.name for upstream in plan.upstreams] == ["payments"]


@given(st.text(max_size=200))
def test_any_line_is_words_or_nothing(line):
    words = rewrite.words(line)
    assert words is None or all(isinstance(word, str) for word in words)


ODD = (
    b"",
    b"\0" * 50,
    b"\xff\xfe\x00",
    b"{",
    b"[]",
    b"null",
    b'{"scripts": 3, "engines": 4, "main": []}',
    b'{"scripts": {"start": 3, "build": "node \\"x"}}',
    b"web: 'unclosed",
    b"services: 3",
    b"services:\n  a: 3\n  b:\n    command: [1, {}]\n    environment: [X, 3]\n",
    b"a: &a [*a]",
    b"FROM x\nCMD [\nENTRYPOINT []\nENV A",
    b"[project]\nscripts = 3\n[tool]\npoetry = 4",
    b"app = FastAPI(\nos.environ[3]\nclass S(BaseSettings):\n    x: int = \n",
)
PLACES = (
    "Procfile",
    "package.json",
    "app.py",
    "compose.yaml",
    "Dockerfile",
    ".env.example",
    "pyproject.toml",
    "alembic.ini",
    "manage.py",
    "schema.sql",
    "prisma/schema.prisma",
    "src/index.ts",
)


@pytest.mark.parametrize("place", PLACES)
def test_a_project_is_read_or_refused_whatever_its_files_hold(tmp_path, place):
    path = tmp_path / place
    path.parent.mkdir(exist_ok=True)
    for content in ODD:
        path.write_bytes(content)
        resolved_or_refused(tmp_path)
    path.unlink()
    path.symlink_to("nowhere")
    resolved_or_refused(tmp_path)
    path.unlink()
    path.mkdir()
    resolved_or_refused(tmp_path)


def resolved_or_refused(root):
    """Anything but a plan or a StartError is a fault of ours."""
    assert resolve(root, Prove(start="x {port}")).start.words == ("x", "{port}")
    with contextlib.suppress(StartError):
        resolve(root, Prove())


@pytest.mark.parametrize(
    ("prove", "message"),
    [
        (Prove(start=" "), "names no program"),
        (Prove(start="a", setup=("",)), "setup = '' names no program"),
        (Prove(start="a", directory="nowhere"), "directory = 'nowhere' is not a folder"),
        (Prove(start="a 'b"), "No closing quotation"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path, prove, message):
    with pytest.raises(StartError, match=message):
        resolve(tmp_path, prove)


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _nowhere(path: Path) -> None:
    path.symlink_to("nowhere")


def _large(path: Path) -> None:
    path.write_bytes(b"# x\n" * 600_000)


def _holding(data: bytes):
    return lambda path: path.write_bytes(data)


@pytest.mark.parametrize(
    ("name", "make", "why"),
    [
        (".env", _pipe, "it is a named pipe"),
        (".env", _nowhere, "it is a link that leads nowhere"),
        (".env", _large, "it has 2.4 MB; at most 2 MB of one file are read"),
        (".env.local", _holding(b"A=1\nB=caf\xe9\n"), "line 2 is not UTF-8, so all of it was taken for Latin-1"),
        ("config/.env", _holding(b"A=\0\n"), "it holds zero bytes, so it is not text"),
        ("Procfile", _pipe, "it is a named pipe"),
        ("Procfile", _holding(b"\0\0\n"), "it holds zero bytes, so it is not text"),
        ("Dockerfile", _large, "it has 2.4 MB; at most 2 MB of one file are read"),
        ("package.json", _holding(b"{"), "it is not valid JSON"),
        ("package.json", _holding(b"[1]"), "it holds no JSON object"),
        ("docker-compose.yml", _holding(b"services: [\n"), "it is not valid YAML"),
        ("compose.yaml", _holding(b"- a\n"), "it holds no services"),
        ("compose.yaml", _nowhere, "it is a link that leads nowhere"),
        ("prisma/schema.prisma", _holding(b"\0"), "it holds zero bytes, so it is not text"),
        (".env", _holding(b"A=1\n"), ""),
        (".env", _holding("A=café\n".encode("utf-16")), ""),
        (".env/pyvenv.cfg", _holding(b""), ""),
        ("Procfile", _holding(b"worker: a\n"), ""),
        ("compose.yaml", _holding(b""), ""),
    ],
)
def test_what_cannot_be_read_is_in_the_plan(tmp_path, name, make, why):
    """As a remark of the run, and in the message when nothing shows how to start."""
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    make(tmp_path / name)
    plan = resolve(tmp_path, Prove(start="python app.py"))
    expected = f"could not read {name}: {why}"
    assert [it.startswith(expected) for it in plan.unread] == [True] * bool(why), plan.unread
    with pytest.raises(StartError) as error:
        resolve(tmp_path, Prove())
    assert (expected in str(error.value)) is bool(why)


MAIN = {"main.py": "from fastapi import FastAPI\napp = FastAPI()\n"}
TABLES, ROWS = "CREATE TABLE a (id int);", "INSERT INTO a VALUES (1);"


@pytest.mark.parametrize(
    ("files", "given", "setup", "left_out"),
    [
        ({"schema.sql": TABLES, "rows.sql": ROWS}, {"seed": ["rows.sql"]}, ["schema.sql"], []),
        ({"schema.sql": TABLES, "rows.sql": ROWS}, {"seed": ["schema.sql", "rows.sql"]}, [], ["schema.sql"]),
        ({"schema.sql": TABLES, "all.sql": TABLES + ROWS}, {"seed": ["all.sql"]}, [], ["schema.sql"]),
        ({"schema.sql": TABLES, "b.sql": "CREATE TABLE b (id int)"}, {"seed": ["b.sql"]}, ["schema.sql"], []),
        ({"schema.sql": TABLES}, {"seed": ["python seed.py"]}, ["schema.sql"], []),
        ({"alembic.ini": "", "rows.sql": ROWS}, {"seed": ["rows.sql"]}, ["python -m alembic upgrade head"], []),
        ({"alembic.ini": "", "all.sql": TABLES}, {"seed": ["all.sql"]}, [], ["python -m alembic upgrade head"]),
        ({"schema.sql": TABLES}, {"seed": ["rows.sql"], "setup": ["make tables"]}, ["make tables"], []),
        ({"schema.sql": TABLES}, {}, ["schema.sql"], []),
    ],
)
def test_a_seed_leaves_the_detected_setup(tmp_path, files, given, setup, left_out):
    """Unless it makes the same tables itself, which is reported."""
    plan = resolve(tree(tmp_path, {**MAIN, **files}), Prove(**given))
    assert [" ".join(it.words) for it in plan.setup] == setup
    assert [" ".join(it.words) for it in plan.left_out] == left_out
    assert sum(line.startswith("not run") for line in plan.detected()) == len(left_out)
