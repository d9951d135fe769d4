def test_sign_up_and_login(client, anna):
    assert client.get("/me", headers=anna).json() == {"id": 1, "email": "anna@example.com"}


def test_email_is_registered_once(client, anna):
    response = client.post("/signup", json={"email": "ANNA@example.com", "password": "a long password"})
    assert response.status_code == 409


def test_wrong_password(client, anna):
    response = client.post("/login", json={"email": "anna@example.com", "password": "not my password"})
    assert response.status_code == 401


def test_token_is_required(client):
    assert client.get("/wallet").status_code == 401
    assert client.get("/wallet", headers={"Authorization": "Bearer nonsense"}).status_code == 401
