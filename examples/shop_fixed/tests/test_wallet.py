TOP_UP = {"id": "event-1", "type": "topup.succeeded", "user_id": 1, "amount": 700}


def balance(client, headers):
    return client.get("/wallet", headers=headers).json()["balance"]


def test_deposits_add_up(client, anna):
    client.post("/wallet/deposit", json={"amount": 50}, headers=anna)
    client.post("/wallet/deposit", json={"amount": 30}, headers=anna)
    assert balance(client, anna) == 80


def test_transfer(client, anna, ben):
    client.post("/wallet/deposit", json={"amount": 100}, headers=anna)
    response = client.post("/wallet/transfer", json={"to_user_id": 2, "amount": 60}, headers=anna)
    assert response.json() == {"balance": 40}
    assert balance(client, ben) == 60


def test_transfer_needs_funds(client, anna, ben):
    response = client.post("/wallet/transfer", json={"to_user_id": 2, "amount": 60}, headers=anna)
    assert response.status_code == 409


def test_coupon_is_redeemed_once(client, anna):
    assert client.post("/wallet/coupons", json={"code": "welcome"}, headers=anna).json() == {"balance": 500}
    assert client.post("/wallet/coupons", json={"code": "WELCOME"}, headers=anna).status_code == 409
    assert client.post("/wallet/coupons", json={"code": "NONE"}, headers=anna).status_code == 404


def test_top_up_event(client, anna):
    headers = {"X-Webhook-Token": "test-secret"}
    assert client.post("/webhooks/payments", json=TOP_UP, headers=headers).json() == {"received": True}
    assert balance(client, anna) == 700


def test_top_up_event_needs_the_secret(client, anna):
    response = client.post("/webhooks/payments", json=TOP_UP, headers={"X-Webhook-Token": "wrong"})
    assert response.status_code == 401
