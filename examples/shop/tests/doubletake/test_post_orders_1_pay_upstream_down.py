"""POST /orders/1/pay, the outside service fails: wrong data stored (DT510).

data wrong (wrong data stored): it answers 200 with null in every field at `POST payments/charges`: the client gets
200, and the rows hold what that answer left in them.

What was seen: A reads orders: status pending; A calls POST payments/charges; the other side answers 200 with {"id":
null, "status": null}; A writes orders: status pending → paid; A commits; A answers 200.
"""


def test_a_failing_service_leaves_nothing_half_done(doubletake):
    first = doubletake.request("POST", "/orders/1/pay", {"card_token": "card-1"}, user="anna")
    doubletake.check("upstream-down", first)
