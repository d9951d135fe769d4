"""POST /orders, two requests at the same time: over limit (DT303).

data wrong (over limit): the state equals that of no serial order of the requests that succeeded. products (id 1)
stock is -1, but A then B: 2; B then A: 2. the number of new rows in order_items is 2, but A then B: 1; B then A: 1.
the number of new rows in orders is 2, but A then B: 1; B then A: 1.

What was seen: A reads products: stock 5; B reads products: stock 5; B writes products: stock 5 → 2; B adds a row to
orders: user_id 1, status pending, total 8700, created_at 2026-11-20 10:12:43.621383; B adds a row to order_items:
order_id 294195, product_id 1, quantity 3, price 2900; B commits; B reads products: stock 2; B answers 201; A writes
products: stock 2 → -1; A adds a row to orders: user_id 1, status pending, total 8700, created_at 2026-11-20
10:12:43.406791; A adds a row to order_items: order_id 294196, product_id 1, quantity 3, price 2900; A commits; A
reads products: stock -1; A answers 201.
"""


def test_two_requests_at_once_end_like_one_after_the_other(doubletake):
    first = doubletake.request("POST", "/orders", {"items": [{"product_id": 1, "quantity": 3}]}, user="anna")
    doubletake.check("twice", first)
