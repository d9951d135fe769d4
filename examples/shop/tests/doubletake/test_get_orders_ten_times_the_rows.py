"""GET /orders, ten times the rows: linear (DT401).

grows (linear): its statements grow with the rows of orders, and order_items with them (7 now; 10 times the rows:
25; 100 times the rows: 205). `select order_items.id, order_items.order_id, order_items.product_id,
order_items.quantity, order_items.price from order_items where ?::integer = order_items.order_id order by
order_items.id` is sent 200 times instead of 2. the number of statements with 100 times the rows of orders is 205,
but with the rows that are there: 7.

What was seen: A reads users; A reads orders; A reads order_items: 20 times instead of 2; A reads products: 3 times;
A answers 200.
"""


def test_ten_times_the_rows_take_no_more_statements(doubletake):
    first = doubletake.request("GET", "/orders", user="anna")
    doubletake.check("ten-times-the-rows", first)
