"""POST /wallet/coupons, two requests at the same time: over limit (DT302).

data wrong (over limit): the state equals that of no serial order of the requests that succeeded. wallets (id 1)
balance is 11000, but A then B: 10500; B then A: 10500. the number of new rows in coupon_redemptions is 2, but A
then B: 1; B then A: 1.

What was seen: A finds nothing in coupon_redemptions; B finds nothing in coupon_redemptions; B writes wallets:
balance 10000 → 10500; B adds a row to coupon_redemptions: coupon_id 1, user_id 1, redeemed_at 2026-11-20
10:13:27.64367; B commits; B reads wallets: balance 10500; B answers 200; A writes wallets: balance 10500 → 11000; A
adds a row to coupon_redemptions: coupon_id 1, user_id 1, redeemed_at 2026-11-20 10:13:27.625732; A commits; A reads
wallets: balance 11000; A answers 200.
"""


def test_two_requests_at_once_end_like_one_after_the_other(doubletake):
    first = doubletake.request("POST", "/wallet/coupons", {"code": "WELCOME"}, user="anna")
    doubletake.check("twice", first)
