import pytest
from shop.database import SessionLocal
from shop.send_refunds import send_refunds

TWO_CUPS = {"items": [{"product_id": 2, "quantity": 2}]}


@pytest.fixture
def order(client, anna):
    return client.post("/orders", json=TWO_CUPS, headers=anna).json()


def test_place(client, anna, order):
    assert order["total"] == 1300
    assert order["items"] == [{"product_id": 2, "product_name": "Cup", "quantity": 2, "price": 650}]
    assert client.get("/products/2").json()["stock"] == 98
    assert client.get(f"/orders/{order['id']}", headers=anna).json() == order
    assert client.get("/orders", headers=anna).json() == [order]


def test_out_of_stock(client, anna):
    response = client.post("/orders", json={"items": [{"product_id": 1, "quantity": 6}]}, headers=anna)
    assert response.status_code == 409


def test_pay(client, anna, order, payments):
    paid = client.post(f"/orders/{order['id']}/pay", json={"card_token": "card"}, headers=anna)
    assert paid.json()["status"] == "paid"
    assert payments.charges == [(1300, f"order-{order['id']}")]
    again = client.post(f"/orders/{order['id']}/pay", json={"card_token": "card"}, headers=anna)
    assert again.json()["status"] == "paid"
    assert len(payments.charges) == 1


def test_others_cannot_pay_or_cancel(client, ben, order):
    assert client.post(f"/orders/{order['id']}/pay", json={"card_token": "card"}, headers=ben).status_code == 404
    assert client.post(f"/orders/{order['id']}/cancel", headers=ben).status_code == 404


def test_cancel_refunds_and_restocks(client, anna, order, payments):
    client.post(f"/orders/{order['id']}/pay", json={"card_token": "card"}, headers=anna)
    assert client.post(f"/orders/{order['id']}/cancel", headers=anna).json()["status"] == "cancelled"
    with SessionLocal() as session:
        assert send_refunds(session, payments) == 1
        assert send_refunds(session, payments) == 0
    assert payments.refunds == ["charge-1"]
    assert client.get("/products/2").json()["stock"] == 100
    assert client.post(f"/orders/{order['id']}/cancel", headers=anna).status_code == 409


def test_recent_orders_are_for_administrators(client, anna, admin, order):
    assert client.get("/orders/recent", headers=anna).status_code == 403
    assert client.get("/orders/recent", headers=admin).json() == [order]
