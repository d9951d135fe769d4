"""`looktwice learn` as a process: the address it prints, Ctrl-C, a port in use, export folders with other files."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

import msgspec
import pytest

COMMAND = (str(Path(sys.executable).with_name("looktwice")), "learn", "--no-open")


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def test_it_prints_its_address_serves_it_and_stops_on_ctrl_c(tmp_path: Path) -> None:
    with subprocess.Popen(COMMAND, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout
        assert running.stderr
        address = re.search(r"http://127\.0\.0\.1:\d+/\?token=\S+", running.stdout.readline())
        assert address
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        with browser.open(address[0], timeout=30) as page:
            assert b'src="assets/page.js"' in page.read()
        with browser.open(address[0].split("?")[0] + "api/pages", timeout=30) as pages:
            assert msgspec.json.decode(pages.read())["live"] is True
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(address[0].split("?")[0], timeout=30)
        refused.value.close()
        running.send_signal(signal.SIGINT)
        assert running.wait(30) == 130
        assert "Traceback" not in running.stderr.read()
    with socket.socket() as probe:  # the port is closed again
        assert probe.connect_ex(("127.0.0.1", int(address[0].split(":")[2].split("/")[0]))) != 0


def test_a_port_in_use_is_reported(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = run("--port", str(port), folder=tmp_path)
    assert result.returncode == 2
    assert f"port {port}" in result.stderr
    assert "--port" in result.stderr
    assert "Traceback" not in result.stderr


def test_an_export_replaces_itself_but_never_other_files(tmp_path: Path) -> None:
    for _ in range(2):
        assert run("--export", "playbook", folder=tmp_path).returncode == 0
    assert sorted(entry.name for entry in (tmp_path / "playbook").iterdir()) == ["assets", "index.html"]
    (tmp_path / "playbook" / "mine.txt").write_text("mine")
    result = run("--export", "playbook", folder=tmp_path)
    assert result.returncode == 2
    assert "it contains mine.txt" in result.stderr
    page = (tmp_path / "playbook" / "index.html").read_text()
    assert page.index("Content-Security-Policy") < page.index("<title>") < page.index("<script")
    assert "default-src 'none'" in page and "unsafe" not in page and not re.search(r"<script[^>]*>[^<]", page)
    (tmp_path / "file").write_text("")
    result = run("--export", "file", folder=tmp_path)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"index.html": "<h1>mine</h1>"}, "it contains index.html, which looktwice did not write"),
        ({"assets/page.js": "mine()"}, "it contains assets/page.js, which looktwice did not write"),
        ({"assets/looktwice-export.json": "{}", "index.html": "mine"}, "it contains index.html, which"),
        ({".git/HEAD": "ref: refs/heads/main"}, "it contains .git/HEAD"),
    ],
)
def test_an_export_over_foreign_files_is_refused(tmp_path: Path, files: dict[str, str], why: str) -> None:
    site = tmp_path / "site"
    for name, text in files.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(text)
    result = run("--export", "site", folder=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("cannot export the playbook to site: ") and why in result.stderr
    assert {it.relative_to(site).as_posix(): it.read_text() for it in site.rglob("*") if it.is_file()} == files


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("index.html", "index.html was changed since looktwice wrote it"),
        ("assets/page.js", "assets/page.js was changed since"),
        ("assets/own.css", "it contains assets/own.css, which looktwice did not write"),
    ],
)
def test_what_was_changed_in_an_export_is_kept(tmp_path: Path, name: str, why: str) -> None:
    assert run("--export", "playbook", folder=tmp_path).returncode == 0
    (tmp_path / "playbook" / name).write_text("mine")
    result = run("--export", "playbook", folder=tmp_path)
    assert result.returncode == 2 and why in result.stderr
    assert (tmp_path / "playbook" / name).read_text() == "mine"


def test_an_export_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    """The list is written first: what is there of it is ours, and an empty folder is anybody's."""
    (tmp_path / "playbook").mkdir()
    assert run("--export", "playbook", folder=tmp_path).returncode == 0
    (tmp_path / "playbook" / "index.html").unlink()
    assert run("--export", "playbook", folder=tmp_path).returncode == 0
    assert (tmp_path / "playbook" / "index.html").is_file()


@pytest.mark.parametrize("link", ["assets", "index.html"])
def test_an_export_is_not_written_through_links(tmp_path: Path, link: str) -> None:
    (tmp_path / "playbook").mkdir()
    (tmp_path / "mine").mkdir()
    (tmp_path / "playbook" / link).symlink_to("../mine" if link == "assets" else "../mine/page")
    result = run("--export", "playbook", folder=tmp_path)
    assert result.returncode == 2 and "leads out of playbook" in result.stderr
    assert not list((tmp_path / "mine").iterdir())
