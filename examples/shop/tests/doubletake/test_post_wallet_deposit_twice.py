"""POST /wallet/deposit, two requests at the same time: lost update (DT301).

data wrong (lost update): the state equals that of no serial order of the requests that succeeded. wallets (id 1)
balance is 10050, but A then B: 10080; B then A: 10080.

What was seen: A reads wallets: balance 10000; B reads wallets: balance 10000; B writes wallets: balance 10000 →
10030; B commits; B answers 200; A writes wallets: balance 10030 → 10050; A commits; A answers 200.
"""


def test_two_requests_at_once_end_like_one_after_the_other(doubletake):
    first = doubletake.request("POST", "/wallet/deposit", {"amount": 50}, user="anna")
    second = doubletake.request("POST", "/wallet/deposit", {"amount": 30}, user="anna")
    doubletake.check("twice", first, second)
