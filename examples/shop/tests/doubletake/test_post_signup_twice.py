"""POST /signup, two requests at the same time: duplicate (DT302).

data wrong (duplicate): the state equals that of no serial order of the requests that succeeded. the number of new
rows in users is 2, but A then B: 1; B then A: 1. the number of new rows in wallets is 2, but A then B: 1; B then A:
1.

What was seen: A finds nothing in users; B finds nothing in users; B adds a row to users: email new@example.com,
password_hash b7cd9b66125cf984d27969fa5f0ef0d7$197c4b…, is_admin f, created_at 2026-11-20 09:18:42.829827; B adds a
row to wallets: user_id 836687, balance 0; B commits; B answers 201; A adds a row to users: email new@example.com,
password_hash 7adcfb2439eda12c83ee3ae8e06981d3$9d1617…, is_admin f, created_at 2026-11-20 09:18:42.741218; A adds a
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
