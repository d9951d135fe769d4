"""Nothing of the user's is reached: whole applications, beside a database, files and services that are the user's."""

from __future__ import annotations

import json
import os
import runpy
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from looktwice.core.config import Prove, Request
from looktwice.core.event import Executing, Noted
from looktwice.prove.app.failure import StartError
from looktwice.prove.app.isolation import obstacle
from looktwice.prove.run.stage import Stage
from looktwice.prove.servers.postgres.server import Server

WHY = obstacle()
pytestmark = pytest.mark.skipif(bool(WHY), reason=f"no command can be kept from anything here: {WHY}")

READING = runpy.run_path(str(Path(__file__).parent / "apps" / "reading.py"))
NODE_MODULES = Path(__file__).parents[2] / "examples" / "candidates" / "node_modules"
PROVE = Prove(
    start=f"{sys.executable} server.py {{port}}",
    seed=("schema.sql",),
    requests=(Request(method="POST", path="/deposit", body={}), Request(method="GET", path="/seen")),
)
CONNECT = "import psycopg\ndef connect(): return psycopg.connect(URL, autocommit=True)\n"


@pytest.fixture
def theirs(server: Server) -> Iterator[Server]:
    """A database of the user's own on this machine, with the tables of the application."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        connection.execute(READING["SCHEMA"])
    yield server
    with psycopg.connect(server.url) as connection:
        assert connection.execute("SELECT id, balance FROM wallets").fetchall() == [(1, 100)], "the user's row changed"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    (root / "schema.sql").write_text(READING["SCHEMA"])
    return root


def written(project: Path, front: str) -> Path:
    (project / "server.py").write_text(front + CONNECT * ("def connect" not in front) + READING["SERVER"])
    return project


def reached(stage: Stage) -> dict[str, int | None]:
    return {row.endpoint: row.status for row in stage.reach()}


def seen(stage: Stage) -> dict[str, str]:
    import urllib.request

    with urllib.request.urlopen(f"http://127.0.0.1:{stage.instances['A'].port}/seen", timeout=10) as answer:
        found: dict[str, str] = json.load(answer)
        return found


# ---- settings that lie in files

FILE = """\
DATABASE_URL={url}
LEDGER={url}
MONGO_URL=mongodb://me:PRIVATE@127.0.0.1:27017/shop
SMTP_PASS=PRIVATE
JWT_KEY=PRIVATE
"""
FRONTS = {
    "load_dotenv(override=True)": "import os, dotenv\ndotenv.load_dotenv(override=True)\n"
    "URL = os.environ['LEDGER']\nseen = dict(os.environ)\n",
    "load_dotenv of the whole path": "import os, dotenv, pathlib\n"
    "dotenv.load_dotenv(pathlib.Path(__file__).resolve().parent / '.env', override=True)\n"
    "URL = os.environ['LEDGER']\nseen = dict(os.environ)\n",
    "dotenv_values": "import dotenv\nseen = dotenv.dotenv_values('.env')\nURL = seen['LEDGER']\n",
    "pydantic-settings": "from pydantic_settings import BaseSettings\n"
    "class Settings(BaseSettings):\n    ledger: str\n    mongo_url: str\n    smtp_pass: str\n    jwt_key: str\n"
    "    model_config = {'env_file': '.env', 'extra': 'ignore'}\n"
    "s = Settings()\nURL = s.ledger\nseen = {k.upper(): str(v) for k, v in s.model_dump().items()}\n",
    "a parser of its own": "seen = dict(line.strip().split('=', 1) for line in open('.env') if '=' in line)\n"
    "URL = seen['LEDGER']\n",
    "the shell": "import os, subprocess\n"
    "text = subprocess.check_output(['sh', '-c', 'set -a; . ./.env; env'], text=True)\n"
    "seen = dict(line.split('=', 1) for line in text.splitlines() if '=' in line)\nURL = seen['LEDGER']\n",
}


@pytest.mark.parametrize("front", FRONTS)
def test_a_file_that_leads_to_the_users_database_leads_to_ours(project, theirs, front):
    written(project, FRONTS[front])
    (project / ".env").write_text(FILE.replace("{url}", theirs.url))
    with Stage.open(project, PROVE) as stage:
        assert reached(stage) == {"POST /deposit": 200, "GET /seen": 200}
        values = seen(stage)
        assert "PRIVATE" not in json.dumps(values)
        assert values["MONGO_URL"] == "mongodb://127.0.0.1:9/app"
        assert str(stage.server.port) not in values["LEDGER"]  # through the proxy
        assert not [it for it in stage.remarks() if "tried" in it or "opened" in it]
    assert (project / ".env").read_text() == FILE.replace("{url}", theirs.url)


NODE_FRONTS = {
    "dotenv": "require('dotenv').config({ override: true })\n",
    "dotenv, by path": "require('dotenv').config({ path: __dirname + '/.env', override: true })\n",
    "parsed": "Object.assign(process.env, require('dotenv').parse(require('fs').readFileSync('.env')))\n",
    "loadEnvFile": "for (const n of ['LEDGER', 'JWT_KEY']) delete process.env[n]; process.loadEnvFile('.env')\n",
}


@pytest.mark.parametrize("front", NODE_FRONTS)
@pytest.mark.skipif(not NODE_MODULES.is_dir(), reason="needs `make examples`")
def test_so_it_is_in_node(project, theirs, front):
    (project / "node_modules").symlink_to(NODE_MODULES)
    (project / "package.json").write_text('{"type": "commonjs"}')
    (project / "server.js").write_text(
        NODE_FRONTS[front]
        + """
const http = require('http'), pg = require('pg')
http.createServer(async (request, response) => {
  try {
    if (request.method === 'POST') {
      const client = new pg.Client({ connectionString: process.env.LEDGER })
      await client.connect()
      await client.query('UPDATE wallets SET balance = balance + 50 WHERE id = 1')
      await client.end()
    }
    response.end(JSON.stringify(process.env))
  } catch (error) { console.error(error); response.statusCode = 500; response.end(String(error)) }
}).listen(Number(process.argv[2]), '127.0.0.1')
"""
    )
    (project / ".env").write_text(FILE.replace("{url}", theirs.url))
    prove = Prove(start="node server.js {port}", seed=PROVE.seed, requests=PROVE.requests)
    with Stage.open(project, prove) as stage:
        assert reached(stage) == {"POST /deposit": 200, "GET /seen": 200}
        assert "PRIVATE" not in json.dumps(seen(stage))


def test_a_copy_that_set_up_makes_of_the_example_gives_ours_too(project, theirs):
    """Each instance reads addresses of its own from it, though it was copied before there was one."""
    written(project, FRONTS["load_dotenv(override=True)"])
    (project / ".env.example").write_text(FILE.replace("{url}", theirs.url))
    prove = Prove(start=PROVE.start, setup=("cp .env.example .env",), seed=PROVE.seed, requests=PROVE.requests)
    with Stage.open(project, prove) as stage:
        assert reached(stage) == {"POST /deposit": 200, "GET /seen": 200}


# ---- addresses that stand in the code


def test_an_address_in_the_code_is_refused_and_named(project, theirs):
    written(project, f"URL = {theirs.url!r}\nseen = {{}}\n")
    with Stage.open(project, PROVE) as stage:
        assert reached(stage)["POST /deposit"] == 500
        assert [it for it in stage.remarks() if f"connect to 127.0.0.1:{theirs.port}: refused" in it]


def test_an_address_in_the_code_that_set_up_uses_is_refused_and_named(project, theirs):
    written(project, "import os\nURL = os.environ['DATABASE_URL']\nseen = {}\n")
    (project / "up.py").write_text(f"import psycopg\npsycopg.connect({theirs.url!r}).execute('DROP TABLE wallets')")
    with pytest.raises(StartError) as caught:
        Stage.open(project, Prove(start=PROVE.start, setup=(f"{sys.executable} up.py",)))
    assert f"a connection to 127.0.0.1:{theirs.port}, by python" in str(caught.value)


def test_a_local_socket_of_the_users_database_is_refused_and_named(project, theirs):
    """libpq looks in /var/run/postgresql when nothing else is given."""
    directory = Path(tempfile.mkdtemp(prefix="looktwice-test-"))  # the path of a socket must be short
    path = directory / ".s.PGSQL.5432"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        threading.Thread(target=relay, args=(listening, theirs.port), daemon=True).start()
        written(
            project,
            f"URL = 'host={directory} port=5432 user={theirs.user} password={theirs.password} "
            f"dbname={theirs.database}'\nseen = {{}}\n",
        )
        assert psycopg.connect(
            host=str(directory), user=theirs.user, password=theirs.password, dbname=theirs.database
        ), "the socket leads to it"
        with Stage.open(project, PROVE) as stage:
            assert reached(stage)["POST /deposit"] == 500
            assert [it for it in stage.remarks() if f"connect to {path}: refused" in it]
    shutil.rmtree(directory)


def relay(listening: socket.socket, port: int) -> None:
    """Passes on what comes over a local socket to a port."""

    def copy(source: socket.socket, target: socket.socket) -> None:
        while data := source.recv(1 << 16):
            target.sendall(data)
        target.close()

    while True:
        try:
            near, _ = listening.accept()
        except OSError:
            return
        far = socket.create_connection(("127.0.0.1", port))
        for pair in ((near, far), (far, near)):
            threading.Thread(target=copy, args=pair, daemon=True).start()


def test_what_is_allowed_is_reached(project, server):
    """The user may want it: a service that runs beside."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE TABLE other (id int)")
    written(
        project,
        f"import os, psycopg\nTHEIRS = {server.url!r}\nURL = os.environ['DATABASE_URL']\n"
        "seen = {'count': psycopg.connect(THEIRS).execute('SELECT count(*) FROM other').fetchone()[0]}\n",
    )
    prove = Prove(
        start=PROVE.start, seed=PROVE.seed, requests=PROVE.requests, allow_hosts=(f"127.0.0.1:{server.port}",)
    )
    with Stage.open(project, prove) as stage:
        assert reached(stage) == {"POST /deposit": 200, "GET /seen": 200}
        assert seen(stage) == {"count": 0}


# ---- where nothing keeps it from anything


OPEN = Prove(start=PROVE.start, seed=PROVE.seed, requests=PROVE.requests, isolation=False)


@pytest.mark.parametrize(
    "front",
    [
        "import psycopg\nkept = psycopg.connect({url!r}, autocommit=True)\nURL = {url!r}\nseen = {{}}\n",
        "import psycopg, os\nkept = psycopg.connect({url!r}, autocommit=True)\n"
        "URL = os.environ['DATABASE_URL']\nseen = {{}}\n",
    ],
)
def test_it_is_not_asked_to_write_while_it_is_connected_elsewhere(project, theirs, front):
    """It may be that it writes there, whatever else it has open."""
    written(project, front.format(url=theirs.url))
    with Stage.open(project, OPEN) as stage, pytest.raises(StartError) as caught:
        stage.reach()
    assert f"127.0.0.1:{theirs.port} (python" in str(caught.value)
    assert "before anything was written" in str(caught.value)
    assert f'allow_hosts = ["127.0.0.1:{theirs.port}"]' in str(caught.value)


def test_a_write_that_succeeds_elsewhere_ends_the_run(project, server):
    """It connected as it was asked. One row is lost; it is the last."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        connection.execute(READING["SCHEMA"])
    front = (
        "import psycopg\nclass Kept:\n"
        f"    def __init__(self): self.it = psycopg.connect({server.url!r}, autocommit=True)\n"
        "    def __enter__(self): return self.it\n    def __exit__(self, *_): pass\n"
        "held = []\ndef connect():\n    held.append(Kept())\n    return held[-1]\nseen = {}\n"
    )
    written(project, front)
    with Stage.open(project, OPEN) as stage, pytest.raises(StartError) as caught:
        stage.reach()
    assert "POST /deposit was answered 200 and changed nothing of this run" in str(caught.value)
    assert f"127.0.0.1:{server.port} (python" in str(caught.value)


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_write_that_changes_nothing_is_fine_while_there_is_no_other_connection(project, method):
    written(project, "import os\nURL = os.environ['DATABASE_URL']\nseen = {}\n")
    text = (
        (project / "server.py")
        .read_text()
        .replace("UPDATE wallets SET balance = balance + 50 WHERE id = 1", "SELECT 1")
    )
    (project / "server.py").write_text(text.replace("do_POST", f"do_{method}"))
    requests = (Request(method=method, path="/deposit", body={}),)
    with Stage.open(project, Prove(start=PROVE.start, seed=PROVE.seed, requests=requests, isolation=False)) as stage:
        assert reached(stage) == {f"{method} /deposit": 200}
        assert "isolation is switched off" in stage.remarks()[0]
        assert f"{method} /deposit: answered with success, and nothing has changed" in stage.remarks()[1]


def test_where_it_is_impossible_a_file_of_the_users_stops_it(project, monkeypatch):
    """Not the kernel's will, and not the user's: then nothing is started, and the way out is shown."""
    from looktwice.prove.app import isolation

    monkeypatch.setattr(isolation, "obstacle", lambda run: "the kernel does not allow it here")
    written(project, "import os\nURL = os.environ['DATABASE_URL']\nseen = {}\n")
    with Stage.open(project, PROVE) as stage:  # there is no such file yet
        assert "the kernel does not allow it here" in stage.remarks()[0]
    (project / ".env").write_text("KEY=PRIVATE\n")
    with pytest.raises(StartError) as caught:
        Stage.open(project, PROVE)
    assert str(project / ".env") in str(caught.value) and "isolation = false" in str(caught.value)
    with Stage.open(project, OPEN) as stage:
        assert "isolation is switched off" in stage.remarks()[0]


# ---- who executes what


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can drop its rights")
@pytest.mark.parametrize(("owner", "name"), [(0, "nobody"), (12345, "12345")])
def test_set_up_runs_as_the_application_does(server, owner, name):
    """And each command is shown, with who executes it, before it is executed."""
    with tempfile.TemporaryDirectory(prefix="looktwice-test-") as folder:
        root = Path(folder)
        (root / "schema.sql").write_text(READING["SCHEMA"])
        (root / "up.sh").write_text("id -u >> ids\n")
        (root / "seed.sh").write_text("id -u >> ids; id -G >> groups\n")
        (root / "server.sh").write_text("id -u >> ids; exec /usr/bin/env python3 server.py $1\n")
        written(root, "import os\nseen = {'uid': str(os.getuid())}\ndef connect(): raise OSError\n")
        for path in (root, *root.iterdir()):
            os.chown(path, owner, owner)
        root.chmod(0o777)
        prove = Prove(
            start="/bin/sh server.sh {port}",
            setup=("/bin/sh up.sh",),
            seed=("schema.sql", "/bin/sh seed.sh"),
            requests=PROVE.requests,
        )
        stage = Stage(root, prove)
        shown: list[tuple[str, str]] = []
        with stage:
            for event in stage.start():
                if isinstance(event, Executing):
                    done = (root / "ids").read_text().split() if (root / "ids").exists() else []
                    shown.append((event.command, f"{event.user} {len(done)}"))
            uid = seen(stage)["uid"]
        assert uid != "0"
        assert (root / "ids").read_text().split() == [uid] * 4  # set-up, seed, and two instances
        assert (root / "groups").read_text().split() == [str(owner or 65534)]
        assert shown == [
            ("/bin/sh up.sh", f"{name} 0"),
            ("schema.sql", " 1"),
            ("/bin/sh seed.sh", f"{name} 1"),
            ("/bin/sh server.sh {port}", f"{name} 2"),
        ]


def test_what_may_not_be_written_says_who_it_ran_as(project):
    if os.geteuid() != 0:
        pytest.skip("only root can drop its rights")
    with tempfile.TemporaryDirectory(prefix="looktwice-test-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        (root / "schema.sql").write_text("SELECT 1")
        prove = Prove(start="/bin/sh x", setup=("/bin/sh -c 'echo x > made'",))
        with pytest.raises(StartError, match=r"it ran as nobody, as the application does"):
            Stage.open(root, prove)


FOUND = {
    "Procfile": "web: python server.py $PORT\n",
    "alembic.ini": "[alembic]\n",
    "package.json": '{"scripts": {"start": "node dist/server.js", "build": "echo building"}}',
}


@pytest.mark.parametrize(
    ("files", "commands"),
    [
        ({"schema.sql": "SELECT 1", "Procfile": FOUND["Procfile"]},
         ["set up: schema.sql   (schema.sql)", "start: python server.py {port}   (Procfile:1)"]),
        ({"package.json": FOUND["package.json"]},
         ["set up: npm run --silent build   (package.json:1)", "start: node dist/server.js   (package.json:1)"]),
        ({"alembic.ini": FOUND["alembic.ini"], "Procfile": FOUND["Procfile"]},
         ["set up: python -m alembic upgrade head   (alembic.ini)"]),
    ],
)  # fmt: skip
def test_whatever_was_found_is_shown_before_it_runs(project, files, commands):
    (project / "schema.sql").unlink()
    for name, text in files.items():
        (project / name).write_text(text)
    shown = []
    with pytest.raises(StartError), Stage(project, Prove()) as stage:
        for event in stage.start():
            if isinstance(event, Executing):
                shown.append(str(event).partition(", as ")[0].rstrip(")") + ")")
    assert shown == commands


# ---- in every format


@pytest.fixture
def started(project: Path) -> Path:
    written(project, "import os\nURL = os.environ['DATABASE_URL']\nseen = {}\n")
    shutil.copy(project / "server.py", project / "main.py")
    (project / "looktwice.toml").write_text(
        f'[prove]\nstart = "{sys.executable} server.py {{port}}"\nseed = ["schema.sql"]\n'
        'setup = ["/bin/sh -c true"]\nrequests = [{ method = "GET", path = "/seen" }]\n'
    )
    return project


@pytest.mark.parametrize(
    ("form", "to_file"),
    [*((form, False) for form in ("console", "jsonl", "events", "json", "html")), ("console", True), ("json", True)],
)
def test_commands_are_shown_in_every_format(started, tmp_path, form, to_file):
    """On the way, and in what is kept."""
    output = tmp_path / "out"
    words = [sys.executable, "-P", "-c", "import sys; from looktwice.cli.main import main; sys.exit(main())"]
    words += ["prove", str(started), "--experiment", "upstream-down", "--format", form]
    words += ["-o", str(output)] if to_file else []
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    whole = output.read_text() if to_file else done.stdout
    for command, origin in (("/bin/sh -c true", "setup"), ("schema.sql", "seed"), ("server.py {port}", "start")):
        assert command in whole
        assert f"looktwice.toml [prove].{origin}" in whole
        assert (command in done.stderr) == (to_file or form in ("json", "html"))


def test_both_are_reported_on_the_command_line(started, server):
    """What is reached for once is allowed; all of it is."""
    text = (started / "server.py").read_text()
    tried = f"import socket\nassert socket.socket().connect_ex(('127.0.0.1', {server.port})) == 0\n"
    (started / "server.py").write_text(tried + text)
    words = [sys.executable, "-P", "-c", "import sys; from looktwice.cli.main import main; sys.exit(main())"]
    words += ["prove", str(started), "--experiment", "upstream-down"]
    for more, message in (
        ([], f"a connection to 127.0.0.1:{server.port}, by python"),
        (["--allow-host", f"127.0.0.1:{server.port}"], "GET /seen  200"),
        (["--no-isolation"], "isolation is switched off"),
    ):
        done = subprocess.run([*words, *more], capture_output=True, text=True, timeout=120, check=False)
        assert message in done.stdout + done.stderr


def test_notes_name_what_was_refused(started, server):
    """In the result, not only in a log."""
    from looktwice.core.config import load
    from looktwice.prove.engine import Job, prove

    text = (started / "server.py").read_text()
    (started / "server.py").write_text(
        f"import socket\nsocket.socket().connect_ex(('127.0.0.1', {server.port}))\n{text}"
    )
    notes = [it.text for it in prove(Job(root=started, settings=load(started))) if isinstance(it, Noted)]
    assert [it for it in notes if f"tried to connect to 127.0.0.1:{server.port}: refused" in it]


def test_a_written_test_shows_them_too(started):
    """Even where output is captured, and when all goes well."""
    (started / "test_it.py").write_text("def test_it(looktwice):\n    looktwice.stage\n")
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False, cwd=started)
    assert "1 passed" in done.stdout
    assert "looktwice: set up: /bin/sh -c true   (looktwice.toml [prove].setup)" in done.stdout
    assert "looktwice: start: " in done.stdout
