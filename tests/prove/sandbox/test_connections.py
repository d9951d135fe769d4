"""Connections: ours and the command's own are made, every other one is refused and named, whatever it goes over."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from confined import python, run, shell

from looktwice.prove.app.isolation import obstacle
from looktwice.prove.app.plan import Addresses
from looktwice.prove.guardian.child_process import Account

WHY = obstacle()
pytestmark = pytest.mark.skipif(bool(WHY), reason=f"no command can be kept from anything here: {WHY}")

NODE = shutil.which("node") or "node"
PLACES = ("here", "container", "no rights")


class Listener:
    """Accepts at a port or a path of this machine, as a service of the user's does; `count` says how often."""

    def __init__(self, listening: socket.socket) -> None:
        self._socket, self.count = listening, 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.count += 1
            connection.close()

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])


@pytest.fixture
def theirs() -> Iterator[Listener]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield Listener(listening)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


CLIENTS = {
    "python": "import socket; socket.create_connection(('127.0.0.1', {port}), 5)",
    "not blocking": """
import errno, selectors, socket
s = socket.socket(); s.setblocking(False)
code = s.connect_ex(('127.0.0.1', {port}))
if code == errno.EINPROGRESS:
    selector = selectors.DefaultSelector(); selector.register(s, selectors.EVENT_WRITE); selector.select(5)
    code = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
if code: raise SystemExit(errno.errorcode[code])
""",
    "asyncio": "import asyncio; asyncio.run(asyncio.open_connection('127.0.0.1', {port}))",
    "by name": "import socket; socket.create_connection(('localhost', {port}), 5)",
    "mapped": "import socket; s = socket.socket(socket.AF_INET6); s.connect(('::ffff:127.0.0.1', {port}))",
    "unspecified": "import socket; socket.create_connection(('0.0.0.0', {port}), 5)",
    "another loopback": "import socket; socket.create_connection(('127.0.0.2', {port}), 5)",
    "grandchild": """
import subprocess, sys
subprocess.run([sys.executable, "-c", "import socket; socket.create_connection(('127.0.0.1', {port}), 5)"], check=True)
""",
    "with the first data": "import socket; s = socket.socket(); s.sendto(b'x', 0x20000000, ('127.0.0.1', {port}))",
}


@pytest.mark.parametrize("client", CLIENTS)
def test_a_service_of_the_users_is_not_reached(project, theirs, client):
    done = python(project, CLIENTS[client].replace("{port}", str(theirs.port)).replace('\\\\"', '"'))
    assert done.status != 0
    assert "refused" in done.printed or "ECONNREFUSED" in done.printed or "unreachable" in done.printed, done.printed
    assert theirs.count == 0
    address = {"unspecified": "0.0.0.0", "another loopback": "127.0.0.2"}.get(client, "127.0.0.1")
    assert done.refused == [f"connect {address}:{theirs.port}"]
    assert done.tried[0].program.startswith("python") and done.tried[0].pid > 0


@pytest.mark.parametrize("client", ["python", "not blocking", "by name", "mapped", "grandchild"])
def test_the_same_service_is_reached_when_it_is_ours(project, theirs, client):
    ours = Addresses(database=f"postgresql://app@127.0.0.1:{theirs.port}/app")
    done = python(project, CLIENTS[client].replace("{port}", str(theirs.port)).replace('\\\\"', '"'), addresses=ours)
    assert (done.status, done.refused) == (0, []), done.printed


@pytest.mark.parametrize("place", PLACES[1:])
def test_so_it_is_in_a_container_and_without_any_rights(project, theirs, place):
    for client in ("python", "by name", "grandchild"):
        done = python(project, CLIENTS[client].replace("{port}", str(theirs.port)).replace('\\\\"', '"'), place=place)
        assert f"connect 127.0.0.1:{theirs.port}" in done.refused
    assert theirs.count == 0


@pytest.mark.parametrize(
    "allowed", ["127.0.0.1:{port}", "127.0.0.1", "localhost:{port}", "localhost", "LOCALHOST:{port}"]
)
def test_what_is_allowed_is_reached(project, theirs, allowed):
    addresses = Addresses(allowed=(allowed.replace("{port}", str(theirs.port)),))
    done = python(project, CLIENTS["python"].replace("{port}", str(theirs.port)), addresses=addresses)
    assert (done.status, done.refused) == (0, []), done.printed


@pytest.mark.parametrize("allowed", ["127.0.0.1:{other}", "localhost:{other}", "auth.example.com", "10.0.0.1"])
def test_what_is_allowed_allows_nothing_else(project, theirs, allowed):
    addresses = Addresses(allowed=(allowed.replace("{other}", str(theirs.port + 1)),))
    done = python(project, CLIENTS["python"].replace("{port}", str(theirs.port)), addresses=addresses)
    assert (done.status != 0, theirs.count) == (True, 0)


@pytest.mark.parametrize("place", PLACES)
def test_a_local_socket_of_the_users_is_not_reached(project, place):
    """As that of a PostgreSQL under /var/run, or of a container service."""
    with socket.socket(socket.AF_UNIX) as listening:
        path = f"{tempfile.mkdtemp(prefix='looktwice-test-')}/service.sock"  # short, as such paths must be
        listening.bind(path)
        listening.listen()
        theirs = Listener(listening)
        done = python(project, f"import socket; socket.socket(socket.AF_UNIX).connect({path!r})", place=place)
        assert (done.status, theirs.count, done.refused) == (1, 0, [f"connect {path}"])
        allowed = Addresses(allowed=(path,))
        done = python(project, f"import socket; socket.socket(socket.AF_UNIX).connect({path!r})", addresses=allowed)
        assert done.status == 0, done.printed
    shutil.rmtree(os.path.dirname(path))


def test_an_abstract_socket_of_the_users_is_not_reached(project):
    name = f"\0looktwice-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(name)
        listening.listen()
        done = python(project, f"import socket; socket.socket(socket.AF_UNIX).connect({name!r})")
    assert (done.status, done.refused) == (1, [f"connect @{name[1:]}"])


OWN = {
    "tcp": """
import socket
listening = socket.create_server(("127.0.0.1", 0)); socket.create_connection(listening.getsockname(), 5)
""",
    "every address": """
import socket
listening = socket.create_server(("0.0.0.0", 0)); socket.create_connection(("127.0.0.1", listening.getsockname()[1]), 5)
""",
    "a child's": """
import socket, subprocess, sys
code = "import socket; s = socket.create_server(('', 0)); print(s.getsockname()[1], flush=True); input()"
child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
socket.create_connection(("127.0.0.1", int(child.stdout.readline())), 5); child.stdin.close()
""",
    "a daemon's": """
import os, socket, sys, time
listening = socket.create_server(("127.0.0.1", 0)); port = listening.getsockname()[1]
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0: listening.accept(); os._exit(0)
    os._exit(0)
listening.close(); os.wait()
socket.create_connection(("127.0.0.1", port), 5)
""",
    "local": """
import socket, tempfile, os
path = os.path.join(tempfile.gettempdir(), "own.sock"); listening = socket.socket(socket.AF_UNIX)
listening.bind(path); listening.listen(); socket.socket(socket.AF_UNIX).connect(path)
""",
    "abstract": """
import os, socket
listening = socket.socket(socket.AF_UNIX); listening.bind("\\0own-%d" % os.getpid()); listening.listen()
socket.socket(socket.AF_UNIX).connect("\\0own-%d" % os.getpid())
""",
    "datagram": """
import socket
receiving = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); receiving.bind(("127.0.0.1", 0))
sending = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); sending.sendto(b"x", receiving.getsockname())
receiving.settimeout(5); assert receiving.recv(9) == b"x"
""",
    "workers": """
import concurrent.futures, multiprocessing
if __name__ == "__main__":
    multiprocessing.set_start_method("forkserver")
    with multiprocessing.Pool(2) as pool: assert pool.map(abs, [-1, -2]) == [1, 2]
""",
}


@pytest.mark.parametrize("own", OWN)
def test_its_own_are_reached(project, own):
    (project / "own.py").write_text(OWN[own])
    done = run(project, sys.executable, "own.py")
    assert (done.status, done.refused) == (0, []), done.printed


# ---- names and datagrams


def test_a_host_is_named_by_its_name(project):
    code = """
import socket
try: socket.create_connection(("db.shop.example", 5432), 5)
except OSError as error: print(type(error).__name__)
"""
    done = python(project, code)
    assert (done.printed, done.refused) == ("ConnectionRefusedError\n", ["connect db.shop.example:5432"])


@pytest.mark.parametrize(
    "code",
    [
        "require('net').connect(5432, 'db.shop.example').on('error', e => console.log(e.code))",
        "fetch('http://db.shop.example:5432/').catch(e => console.log(e.cause.code))",
        "require('dns').resolve4('db.shop.example', (e, found) => "
        "require('net').connect(5432, found[0]).on('error', e => console.log(e.code)))",
    ],
)
def test_so_it_is_in_node(project, code):
    done = run(project, NODE, "-e", code)
    assert (done.printed, done.refused) == ("ECONNREFUSED\n", ["connect db.shop.example:5432"])


def test_a_look_up_of_another_kind_finds_nothing_and_is_named(project):
    code = "require('dns').resolveSrv('_mongodb._tcp.cluster.example', e => console.log(e.code))"
    done = run(project, NODE, "-e", code)
    assert (done.printed, done.refused) == ("ENODATA\n", ["name _mongodb._tcp.cluster.example"])


@pytest.mark.parametrize(
    "send",
    [
        "s.sendto(b'x', ('127.0.0.1', {port}))",
        "s.connect(('127.0.0.1', {port})); s.send(b'x')",
        "s.sendmsg([b'x'], [], 0, ('127.0.0.1', {port}))",
    ],
)
def test_a_datagram_is_not_sent(project, send):
    """Metrics and logs go that way."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiving:
        receiving.bind(("127.0.0.1", 0))
        receiving.setblocking(False)
        port = receiving.getsockname()[1]
        code = "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); "
        done = python(project, code + send.replace("{port}", str(port)))
        assert (done.status, done.refused) == (1, [f"datagram 127.0.0.1:{port}"])
        with pytest.raises(BlockingIOError):
            receiving.recv(1)


def test_nothing_is_named_that_only_the_system_asks(project):
    """The C library asks for users and names by itself."""
    done = shell(project, "id -un; getent passwd root")
    assert done.refused == []


def test_the_users_metadata_service_is_not_reached(project):
    """A cloud machine gives its rights to whoever asks there."""
    done = python(project, "import socket; socket.create_connection(('169.254.169.254', 80), 5)")
    assert done.refused == ["connect 169.254.169.254:80"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can drop its rights")
@pytest.mark.parametrize("place", ["here", "container"])
def test_so_it_is_when_rights_are_dropped(theirs, place):
    """The supervisor has none either then, and what it needs is where it may no longer look."""
    account = Account()
    with tempfile.TemporaryDirectory(prefix="looktwice-test-") as folder:
        project = Path(folder)
        project.chmod(0o755)
        (project / ".env").write_text("TOKEN=PRIVATE\n")
        code = (
            f"id -u; cat .env; exec 3<>/dev/tcp/localhost/{theirs.port} && echo one; "
            f"exec 3<>/dev/tcp/127.0.0.1/{theirs.port} && echo two"
        )
        for allowed, printed in (((f"localhost:{theirs.port}",), "one\ntwo\n"), ((), "")):
            done = run(
                project,
                *("/bin/bash", "-c", code),
                variables={"TOKEN": "made-up"},
                addresses=Addresses(allowed=allowed),
                account=account,
                place=place,
            )
            assert done.printed.startswith(f"{account.uid}\nTOKEN=made-up\n{printed}")
            assert done.refused == ([] if allowed else [f"connect 127.0.0.1:{theirs.port}"])


# ---- listening


@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1", ""])
@pytest.mark.parametrize("place", PLACES)
def test_a_port_that_is_taken_is_exchanged_for_another(project, theirs, host, place):
    """Two instances of an application that always takes the same port run side by side."""
    code = f"""
import socket
s = socket.socket(); s.bind(({host!r}, {theirs.port})); s.listen()
port = s.getsockname()[1]
client = socket.create_connection(("127.0.0.1", port)); s.accept()[0].sendall(b"mine")
print(port, client.recv(9).decode())
"""
    port, answer = python(project, code, place=place).printed.split()
    assert (int(port) != theirs.port, answer, theirs.count) == (True, "mine", 0)


@pytest.mark.parametrize(
    "code",
    [
        "import socket; s = socket.create_server(('0.0.0.0', {port}))",
        "import socket; s = socket.create_server(('::', {port}), family=socket.AF_INET6, dualstack_ipv6=True)",
    ],
)
def test_it_is_heard_on_this_machine_only_and_at_the_port_it_wants(project, code):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    end = f"; socket.create_connection(('127.0.0.1', {port}), 5); print(s.getsockname()[:2])"
    done = python(project, code.replace("{port}", str(port)) + end)
    assert done.printed in (f"('127.0.0.1', {port})\n", f"('::ffff:127.0.0.1', {port})\n")


def test_so_it_is_in_node_and_any_other_port_stays(project, theirs):
    code = f"""
const server = require('http').createServer((q, a) => a.end('mine')).listen({theirs.port}, async () => {{
  const port = server.address().port
  console.log(port !== {theirs.port}, await (await fetch(`http://127.0.0.1:${{port}}/`)).text())
  server.close(() => process.exit())
}})
"""
    assert run(project, NODE, "-e", code).printed == "true mine\n"


def test_a_port_to_send_from_and_one_for_datagrams_are_left_alone(project):
    code = """
import socket
with socket.create_server(("127.0.0.1", 0)) as listening:
    client = socket.socket(); client.bind(("127.0.0.1", 0)); client.connect(listening.getsockname())
datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); datagrams.bind(("127.0.0.1", 0))
datagrams.connect(datagrams.getsockname()); datagrams.send(b"x"); print(datagrams.recv(9))
"""
    assert python(project, code).printed == "b'x'\n"
