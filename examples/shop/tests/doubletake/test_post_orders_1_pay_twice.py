"""POST /orders/1/pay, two requests at the same time: duplicate (DT303).

data wrong (duplicate): the state equals that of no serial order of the requests that succeeded. the number of calls
POST payments/charges is 2, but A then B: 1; B then A: 1.

What was seen: A reads orders: status pending, charge_id null; B reads orders: status pending, charge_id null; B
calls POST payments/charges; B writes orders: status pending → paid, charge_id null → payments_00000011; B commits;
B answers 200; A calls POST payments/charges; A writes orders: charge_id payments_00000011 → payments_00000012; A
commits; A answers 200.
"""


def test_two_requests_at_once_end_like_one_after_the_other(doubletake):
    first = doubletake.request("POST", "/orders/1/pay", {"card_token": "card-1"}, user="anna")
    doubletake.check("twice", first)
