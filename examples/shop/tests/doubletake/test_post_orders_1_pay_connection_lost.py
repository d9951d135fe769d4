"""POST /orders/1/pay, the connection to the database is lost: half (DT605).

data wrong (half): the connection breaks before it at `update orders`: the client gets 500, but the outside service
has done all of it and none of the rows are written; the client tries again and is told 200, and the outside service
has done it twice.

What was seen: A calls POST payments/charges; A writes orders; the connection breaks before it took effect; A
answers 500.
"""


def test_a_lost_connection_leaves_nothing_half_done(doubletake):
    first = doubletake.request("POST", "/orders/1/pay", {"card_token": "card-1"}, user="anna")
    doubletake.check("connection-lost", first)
