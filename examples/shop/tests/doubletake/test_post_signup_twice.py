"""POST /signup, two requests at the same time: duplicate (DT302).

data wrong (duplicate): the state equals that of no serial order of the requests that succeeded. the number of new
rows in users is 2, but A then B: 1; B then A: 1. the number of new rows in wallets is 2, but A then B: 1; B then A:
1.

What was seen: A finds nothing in users; B finds nothing in users; B adds a row to users: email new@example.com,
password_hash c7a6615cac90bf0f426aa66e85cb0b2d$9f0f5a…, is_admin f, created_at 2026-11-20 09:17:21.590705; B adds a
row to wallets: user_id 836687, balance 0; B commits; B answers 201; A adds a row to users: email new@example.com,
password_hash d95e49cc90285a2eaec0cf8a42e15a89$8f048f…, is_admin f, created_at 2026-11-20 09:17:21.518594; A adds a
row to wallets: user_id 836688, balance 0; A commits; A answers 201.
"""


def test_two_requests_at_once_end_like_one_after_the_other(doubletake):
    first = doubletake.request(
        "POST",
        "/signup",
        {"email": "new@example.com", "password": "a long password"},
        user="anna",
    )
    doubletake.check("twice", first)
