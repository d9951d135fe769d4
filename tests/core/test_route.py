"""Which requests a route matches."""

from __future__ import annotations

import pytest

from looktwice.core.route import is_route


@pytest.mark.parametrize(
    ("route", "endpoint", "matches"),
    [
        ("POST /orders", "POST /orders", True),
        ("POST /orders/", "POST /orders?page=2", True),
        ("POST /orders/{id}/pay", "POST /orders/17/pay", True),
        ("POST /orders/{order_id:int}/pay", "POST /orders/17/pay", True),
        ("POST /orders/:id/pay", "POST /orders/a-b/pay", True),
        ("GET /files/<path:name>", "GET /files/x", True),
        ("ALL /orders", "DELETE /orders", True),
        ("GET /", "GET /", True),
        ("GET /a.b", "GET /axb", False),
        ("GET /orders", "POST /orders", False),
        ("POST /orders/{id}", "POST /orders/1/pay", False),
        ("POST /orders/{id}", "POST /orders", False),
        ("on_start", "POST /orders", False),
        ("", "POST /orders", False),
        ("POST /orders", "", False),
    ],
)
def test_routes(route: str, endpoint: str, matches: bool) -> None:
    assert is_route(route, endpoint) is matches
