def test_list_is_cached(client):
    first = client.get("/products").json()
    assert [product["name"] for product in first] == ["Teapot", "Cup"]
    assert client.get("/products").json() == first


def test_search(client):
    found = client.get("/products/search", params={"q": "porcelain"}).json()
    assert [product["name"] for product in found] == ["Cup"]


def test_bargains(client):
    assert [product["name"] for product in client.get("/products/bargains").json()] == ["Cup"]


def test_product_page(client):
    assert client.get("/products/1").json()["price"] == 2900
    assert client.get("/products/99").status_code == 404


def test_second_review_replaces_the_first(client, anna):
    client.put("/products/1/review", json={"stars": 2}, headers=anna)
    review = client.put("/products/1/review", json={"stars": 5, "text": "Better now"}, headers=anna).json()
    assert review == {"product_id": 1, "user_id": 1, "stars": 5, "text": "Better now"}
