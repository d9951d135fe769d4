"""Files of settings on the disk: whoever opens one, however, gets made-up values, and the file stays unchanged."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from confined import python, run, shell

from looktwice.prove.app.isolation import obstacle

WHY = obstacle()
pytestmark = pytest.mark.skipif(bool(WHY), reason=f"no command can be kept from anything here: {WHY}")

SECRET = "the-user's-own"
OWN = f"TOKEN={SECRET}\nMONGO_URL=mongodb://{SECRET}/app\nUNKNOWN={SECRET}\n"
MADE_UP = {"TOKEN": "made-up", "MONGO_URL": "mongodb://127.0.0.1:9/app"}
EXPECTED = "TOKEN=made-up\nMONGO_URL=mongodb://127.0.0.1:9/app\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


NODE = shutil.which("node") or "node"
READERS = {
    "open": [sys.executable, "-c", "print(open('{0}').read())"],
    "absolute": [sys.executable, "-c", "import os; print(open(os.path.abspath('{0}')).read())"],
    "directory": [
        sys.executable,
        "-c",
        "import os; d = os.open('.', 0); print(os.read(os.open('{0}', 0, dir_fd=d), 999).decode())",
    ],
    "mapped": [
        sys.executable,
        "-c",
        "import mmap; f = open('{0}'); print(mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)[:].decode())",
    ],
    "thread": [
        sys.executable,
        "-c",
        "import threading; t = threading.Thread(target=lambda: print(open('{0}').read())); t.start(); t.join()",
    ],
    "grandchild": ["/bin/sh", "-c", "sh -c 'cat {0}'"],
    "daemon": ["/bin/sh", "-c", "(setsid sh -c 'sleep 0.05; cat {0} > copied' &) ; sleep 0.3; cat copied"],
    "copy": ["/bin/sh", "-c", "cp {0} copied; cat copied"],
    "link": ["/bin/sh", "-c", "ln -s {0} linked; cat linked"],
    "proc": ["/bin/sh", "-c", "cat /proc/self/cwd/{0}"],
    "node": [NODE, "-e", "console.log(require('fs').readFileSync('{0}', 'utf8'))"],
    "node, later": [NODE, "-e", "require('fs').promises.readFile('{0}', 'utf8').then(console.log)"],
    "node --env-file": [
        NODE,
        "--env-file={0}",
        "-e",
        "for (const n of ['TOKEN', 'MONGO_URL']) console.log(n + '=' + process.env[n])",
    ],
}


@pytest.mark.parametrize("reader", READERS)
def test_whoever_opens_it_gets_made_up_values(project, reader):
    (project / ".env").write_text(OWN)
    done = run(project, *(word.replace("{0}", ".env") for word in READERS[reader]), variables=MADE_UP)
    assert done.status == 0, done.printed
    assert done.printed.rstrip("\n") == EXPECTED.rstrip("\n")
    assert (project / ".env").read_text() == OWN


@pytest.mark.parametrize("place", ["container", "no rights"])
@pytest.mark.parametrize("reader", ["open", "thread", "daemon", "link", "node"])
def test_so_it_is_in_a_container_and_without_any_rights(project, reader, place):
    (project / ".env").write_text(OWN)
    done = run(project, *(word.replace("{0}", ".env") for word in READERS[reader]), variables=MADE_UP, place=place)
    assert done.printed.rstrip("\n") == EXPECTED.rstrip("\n")


@pytest.mark.parametrize("place", ["here", "container", "no rights"])
def test_a_second_name_for_the_file_gives_no_more(project, place):
    """It cannot be made where the file is covered by another; where it can, it leads to the same."""
    (project / ".env").write_text(OWN)
    assert SECRET not in shell(project, "ln .env hard; cat hard", variables=MADE_UP, place=place).printed


@pytest.mark.parametrize("place", ["here", "container", "no rights"])
def test_an_example_may_be_copied_to_what_the_application_reads(project, place):
    """Set-up does that; what the application then reads is made up all the same."""
    (project / ".env.example").write_text(OWN)
    assert shell(project, "cp .env.example .env", variables=MADE_UP, place=place).status == 0
    assert shell(project, "cat .env", variables=MADE_UP, place=place).printed == EXPECTED


@pytest.mark.parametrize(
    "name",
    [".env", ".env.local", ".env.production", ".env-dev", ".flaskenv", ".envrc", ".dev.vars", "prod.env",
     "config/x.env", "packages/api/.env", ".env.example"],
)  # fmt: skip
def test_every_kind_of_file_in_every_workspace(project, name):
    path = project / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(OWN)
    assert shell(project, f"cat {name}", variables=MADE_UP).printed == EXPECTED


@pytest.mark.parametrize("name", ["README.env.md", ".environment", "env.py", "environment.env.bak"])
def test_other_files_are_unchanged(project, name):
    (project / name).write_text(OWN)
    assert shell(project, f"cat {name}", variables=MADE_UP).printed == OWN


def test_files_above_and_beside_the_project_count(project):
    """A library looks upwards for a file; a workspace reads its neighbour's."""
    (project / ".git").mkdir()
    inner = project / "apps" / "api"
    inner.mkdir(parents=True)
    for path in (project.parent / ".env", project / ".env", project / "apps" / ".env"):
        path.write_text(OWN)
    done = shell(inner, "cat ../.env ../../.env ../../../.env", variables=MADE_UP)
    assert done.printed == EXPECTED * 3


def test_one_that_lies_elsewhere_is_empty_and_named(project, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / ".env").write_text(OWN)
    done = shell(project, f"cat {elsewhere}/.env && echo read", variables=MADE_UP)
    assert done.printed == "read\n"
    assert done.refused == [f"read {elsewhere}/.env"]


def test_one_that_the_run_makes_is_its_own(project):
    done = shell(project, "echo A=1 > .env; cat .env")
    assert (done.printed, done.refused) == ("A=1\n", [])


def test_a_link_to_settings_outside_is_replaced_too(project, tmp_path):
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "values").write_text(OWN)
    (project / ".env").symlink_to(tmp_path / "secrets" / "values")
    assert shell(project, "cat .env ../secrets/values", variables=MADE_UP).printed == EXPECTED * 2


def test_a_pipe_in_its_place_is_never_waited_for(project):
    """Password managers put one there."""
    os.mkfifo(project / ".env")
    assert shell(project, "cat .env; echo done").printed == "done\n"


def test_a_folder_of_that_name_is_an_ordinary_folder(project):
    (project / ".env").mkdir()
    (project / ".env" / "pyvenv.cfg").write_text("home = x\n")
    assert shell(project, "cat .env/pyvenv.cfg").printed == "home = x\n"


@pytest.mark.parametrize(
    "change",
    ["echo A=1 > .env", "echo A=1 >> .env", "rm -f .env", "mv .env other", "mv other.txt .env", "truncate -s 0 .env",
     "sed -i s/TOKEN/X/ .env", "cp other.txt .env", "unlink .env"],
)  # fmt: skip
def test_it_stays_unchanged_on_the_disk(project, change):
    (project / ".env").write_text(OWN)
    (project / "other.txt").write_text("OTHER=1\n")
    shell(project, change, variables=MADE_UP)
    assert (project / ".env").read_text() == OWN


def test_values_go_over_several_lines_and_through_every_quote(project):
    made = {"A": "it's", "B": 'say "x"', "C": "two\nlines", "D": "a b", "E": "$HOME `x`", "F": "", "G": "#no"}
    (project / ".env").write_text("".join(f"{name}=x\n" for name in made))
    code = "import dotenv, json; print(json.dumps(dotenv.dotenv_values('.env', interpolate=False)))"
    assert json.loads(python(project, code, variables=made).printed) == made
    names = json.dumps(list(made))
    code = f"console.log(JSON.stringify(Object.fromEntries({names}.map(n => [n, process.env[n]]))))"
    done = run(project, NODE, "--env-file=.env", "-e", code, variables=made, is_inherited=False)
    assert json.loads(done.printed) == made


# ---- what else is the user's


def test_a_database_in_a_file_is_not_changed(project):
    """One that was there before; the application may make one of its own."""
    with sqlite3.connect(project / "dev.db") as connection:
        connection.execute("CREATE TABLE wallets (balance INTEGER)")
    connection.close()
    before = (project / "dev.db").read_bytes()
    code = """
import sqlite3
own = sqlite3.connect("new.db"); own.execute("CREATE TABLE t (x)"); own.commit()
theirs = sqlite3.connect("dev.db")
print(theirs.execute("SELECT count(*) FROM wallets").fetchone())
try: theirs.execute("INSERT INTO wallets VALUES (1)"); theirs.commit()
except sqlite3.OperationalError as error: print(error)
"""
    done = python(project, code)
    assert done.printed == "(0,)\nattempt to write a readonly database\n"
    assert done.refused == [f"changed {project}/dev.db"]
    assert (project / "dev.db").read_bytes() == before


def test_what_clients_look_for_in_the_users_home_is_not_there(project, tmp_path, monkeypatch):
    users = tmp_path / "users-home"
    (users / ".aws").mkdir(parents=True)
    for name in (".pgpass", ".aws/credentials", "notes.txt"):
        (users / name).write_text(SECRET)
    monkeypatch.setenv("HOME", str(users))
    done = shell(project, f"cat {users}/.pgpass {users}/.aws/credentials; cat {users}/notes.txt; cat ~/.pgpass")
    assert done.printed.count(SECRET) == 1
    assert sorted(done.refused) == [f"read {users}/.aws/credentials", f"read {users}/.pgpass"]


# ---- the supervisor itself


@pytest.mark.parametrize(
    ("code", "status"), [("exit 0", 0), ("exit 3", 3), ("kill -TERM $$", -15), ("kill -KILL $$", -9), ("exec true", 0)]
)
def test_it_ends_as_the_command_ends(project, code, status):
    assert shell(project, code).status == status


def test_a_program_that_cannot_be_executed_says_so(project):
    (project / "text").write_text("no program")
    (project / "text").chmod(0o755)
    done = run(project, str(project / "text"))
    assert done.status == 127
    assert "cannot execute" in done.printed


def test_many_threads_and_processes_at_once(project):
    (project / ".env").write_text(OWN)
    code = """
import subprocess, threading
def read():
    for _ in range(50):
        assert open(".env").read().startswith("TOKEN=made-up"), "theirs"
threads = [threading.Thread(target=read) for _ in range(8)]
children = [subprocess.Popen(["/bin/sh", "-c", "cat .env > /dev/null"]) for _ in range(8)]
[it.start() for it in threads]; [it.join() for it in threads]
print([it.wait() for it in children])
"""
    assert python(project, code, variables=MADE_UP).printed == f"{[0] * 8}\n"


def test_the_command_does_not_outlive_its_supervisor(project, tmp_path):
    """Killed at any moment, it takes the command with it: unsupervised it must not go on."""
    from looktwice.prove.app.isolation import isolated, pid_of
    from looktwice.prove.app.plan import Addresses, Command, Origin, Plan
    from looktwice.prove.guardian.child_process import Account

    home = tmp_path / "control"
    home.mkdir()
    plan = Plan(root=project, start=Command(("sleep",), Origin("Procfile", 1)))
    command = isolated(plan, ["/bin/sleep", "60"], {}, home, Account.unchanged(), Addresses())
    with subprocess.Popen(command, cwd=project) as supervisor:
        found = threading.Event()
        while not (pid := pid_of(home)):
            found.wait(0.01)
        supervisor.kill()
    while Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2][:3]:
        found.wait(0.01)
