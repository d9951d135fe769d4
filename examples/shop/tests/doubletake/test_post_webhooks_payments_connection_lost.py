"""POST /webhooks/payments, the connection to the database is lost: double apply (DT607).

data wrong (double apply): COMMIT is carried out and its reply lost at `commit`: the client gets 500, but all of it
was done; the client tries again and is told 200, and the rows are those of two requests.

What was seen: A reads wallets: balance 10000; A writes wallets: balance 10000 → 10700; A adds a row to top_ups:
event_id event-1, wallet_id 1, amount 700, created_at 2026-11-20 10:13:23.35439; A commits; the connection breaks
after it took effect, before its reply; A answers 500.
"""


def test_a_lost_connection_leaves_nothing_half_done(doubletake):
    first = doubletake.request(
        "POST",
        "/webhooks/payments",
        {"id": "event-1", "type": "topup.succeeded", "user_id": 1, "amount": 700},
        user="provider",
    )
    doubletake.check("connection-lost", first, once=True)
