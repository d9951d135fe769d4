"""POST /signup, two requests at the same time: duplicate (DT302).

data wrong (duplicate): the state equals that of no serial order of the requests that succeeded. the number of new
rows in users is 2, but A then B: 1; B then A: 1. the number of new rows in wallets is 2, but A then B: 1; B then A:
1.

What was seen: A finds nothing in users; B finds nothing in users; B adds a row to users: email new@example.com,
password_hash e1f6ba04976bba716e1fb947a891625c$519d37…, is_admin f, created_at 2026-11-20 10:13:23.872946; B adds a
row to wallets: user_id 836687, balance 0; B commits; B answers 201; A adds a row to users: email new@example.com,
password_hash fee8e07d426e76014f58008966bcaedf$2fd4b3…, is_admin f, created_at 2026-11-20 10:13:23.786162; A adds a
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
