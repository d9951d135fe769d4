"""POST /webhooks/payments, the same request sent twice: double apply (DT607).

data wrong (double apply): the same request, carrying the same identity, was delivered twice one after the other and
had two effects.

What was seen: A reads wallets: balance 10000; A writes wallets: balance 10000 → 10700; A adds a row to top_ups:
event_id event-1, wallet_id 1, amount 700, created_at 2026-11-20 10:13:23.662155; A commits; A answers 200; B reads
wallets: balance 10700; B writes wallets: balance 10700 → 11400; B adds a row to top_ups: event_id event-1,
wallet_id 1, amount 700, created_at 2026-11-20 10:13:23.678196; B commits; B answers 200.
"""


def test_the_same_request_sent_twice_has_one_effect(doubletake):
    first = doubletake.request(
        "POST",
        "/webhooks/payments",
        {"id": "event-1", "type": "topup.succeeded", "user_id": 1, "amount": 700},
        user="provider",
    )
    doubletake.check("sent-again", first, once=True)
