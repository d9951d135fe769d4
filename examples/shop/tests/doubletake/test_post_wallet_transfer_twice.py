"""POST /wallet/transfer, two requests at the same time: over limit (DT303).

data wrong (over limit): the state equals that of no serial order of the requests that succeeded. wallets (id 1)
balance is -2000, but A then B: 4000; B then A: 4000. wallets (id 2) balance is 22000, but A then B: 16000; B then
A: 16000.

What was seen: A reads wallets: balance 10000; A reads wallets: balance 10000; B reads wallets: balance 10000; B
reads wallets: balance 10000; B writes wallets: balance 10000 → 4000; B writes wallets: balance 10000 → 16000; B
commits; B reads wallets: balance 4000; B answers 200; A writes wallets: balance 4000 → -2000; A writes wallets:
balance 16000 → 22000; A commits; A reads wallets: balance -2000; A answers 200.
"""


def test_two_requests_at_once_end_like_one_after_the_other(doubletake):
    first = doubletake.request("POST", "/wallet/transfer", {"to_user_id": 2, "amount": 6000}, user="anna")
    doubletake.check("twice", first)
