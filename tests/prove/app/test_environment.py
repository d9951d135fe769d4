"""The environment of an instance: made from scratch, ours where it matters, nothing living."""

from pathlib import Path

import pytest

from looktwice.prove.app.environment import Secrets, environment
from looktwice.prove.app.failure import StartError
from looktwice.prove.app.plan import Addresses, Command, Kind, Origin, Plan, Setting

ADDRESSES = Addresses(
    database="postgresql://app:secret@127.0.0.1:4321/app",
    redis="redis://127.0.0.1:6543/0",
    upstreams={"payments": "http://127.0.0.1:7777"},
    outside="http://127.0.0.1:8888",
)


def plan(*settings: tuple[str, Kind, str]) -> Plan:
    origin = Origin(".env.example", 1)
    return Plan(
        root=Path("/"),
        start=Command(("true",), origin),
        settings=tuple(Setting(name, kind, value, origin) for name, kind, value in settings),
    )


def made(*settings: tuple[str, Kind, str], port: int = 0) -> dict[str, str]:
    return environment(plan(*settings), ADDRESSES, Secrets(), Path("/tmp/home"), port)


@pytest.mark.parametrize(
    ("kind", "example", "value"),
    [
        (Kind.DATABASE, "", "postgresql://app:secret@127.0.0.1:4321/app"),
        (Kind.DATABASE, "postgresql+asyncpg://u:p@db:5432/shop", "postgresql+asyncpg://app:secret@127.0.0.1:4321/app"),
        (Kind.DATABASE, "postgres://u:p@db/x?sslmode=require", "postgres://app:secret@127.0.0.1:4321/app"),
        (Kind.DATABASE, "postgres://db/x?schema=public", "postgres://app:secret@127.0.0.1:4321/app?schema=public"),
        (Kind.DATABASE, "prisma+postgres://p.example/?api_key=k", "postgresql://app:secret@127.0.0.1:4321/app"),
        (Kind.DATABASE, "postgresql:///x?host=/var/run/postgresql", "postgresql://app:secret@127.0.0.1:4321/app"),
        (Kind.DATABASE_HOST, "db", "127.0.0.1"),
        (Kind.DATABASE_PORT, "5432", "4321"),
        (Kind.DATABASE_USER, "postgres", "app"),
        (Kind.DATABASE_PASSWORD, "x", "secret"),
        (Kind.DATABASE_NAME, "shop", "app"),
        (Kind.REDIS, "redis://cache:6379/3", "redis://127.0.0.1:6543/3"),
        (Kind.REDIS, "", "redis://127.0.0.1:6543/0"),
        (Kind.REDIS, "unix:///var/run/redis.sock", "redis://127.0.0.1:6543/0"),
        (Kind.REDIS_HOST, "cache", "127.0.0.1"),
        (Kind.REDIS_PORT, "6379", "6543"),
        (Kind.UPSTREAM, "payments", "http://127.0.0.1:7777"),
        (Kind.UPSTREAM, "unknown", "http://127.0.0.1:9"),
        (Kind.LITERAL, "info", "info"),
        (Kind.LITERAL, "0.0.0.0", "127.0.0.1"),
    ],
)
def test_values(kind, example, value):
    assert made(("NAME", kind, example))["NAME"] == value


def test_nothing_is_inherited(monkeypatch):
    monkeypatch.setenv("STRIPE_KEY", "sk_live_1")
    monkeypatch.setenv("DATABASE_URL", "postgres://production/db")
    found = made()
    assert "STRIPE_KEY" not in found
    assert "DATABASE_URL" not in found


def test_a_secret_is_the_same_for_both_instances_and_another_in_the_next_run():
    secrets, wanted = Secrets(), plan(("SECRET_KEY", Kind.SECRET, "changeme"))
    first, second = (environment(wanted, ADDRESSES, secrets, Path("/tmp/h"))["SECRET_KEY"] for _ in range(2))
    assert first == second != made(("SECRET_KEY", Kind.SECRET, "changeme"))["SECRET_KEY"]
    assert len(first) == 64


def test_the_way_out_is_closed_and_this_machine_is_not():
    found = made()
    assert found["HTTPS_PROXY"] == found["http_proxy"] == "http://127.0.0.1:8888"
    assert "127.0.0.1" in found["NO_PROXY"]


def test_an_allowed_host_is_called_without_the_proxy():
    addresses = Addresses(database=ADDRESSES.database, outside="http://127.0.0.1:1", allowed=("api.pay.example",))
    found = environment(plan(), addresses, Secrets(), Path("/tmp/h"))
    assert found["NO_PROXY"].split(",")[-1] == "api.pay.example"


def test_the_port_is_passed_on():
    assert made(("API_PORT", Kind.PORT, "3000"), port=1234)["API_PORT"] == "1234"
    assert made(port=1234)["PORT"] == "1234"


def test_a_living_value_is_refused_without_being_shown():
    with pytest.raises(StartError) as caught:
        made(("PAYMENTS_KEY", Kind.LITERAL, "sk_live_51Habcdef"))
    assert "PAYMENTS_KEY" in str(caught.value)
    assert ".env.example:1" in str(caught.value)
    assert "sk_live" not in str(caught.value)
