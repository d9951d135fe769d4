"""POST /orders/1/pay, the outside service fails: hang (DT601).

status wrong (hang): it takes the request and never answers at `POST payments/charges`: there was no answer within 6
s.

What was seen: A calls POST payments/charges; no reply ever comes; A does not answer (timeout).
"""


def test_a_failing_service_leaves_nothing_half_done(doubletake):
    first = doubletake.request("POST", "/orders/1/pay", {"card_token": "card-1"}, user="anna")
    doubletake.check("upstream-down", first)
