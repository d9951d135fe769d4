"""Matching of requests to routes as frameworks write them."""

from __future__ import annotations

import re

_HOLE = re.compile(r"\{[^{}/]*\}|:[A-Za-z_]\w*\??|<[^<>/]*>|\*+")
_METHOD = re.compile(r"([A-Z]+)\s+(\S+)")
_ANY = frozenset({"ALL", "ANY", "USE"})


def is_route(route: str, endpoint: str) -> bool:
    """Whether the route ("POST /orders/{id}/pay", "…/:id/pay") matches a request ("POST /orders/1/pay").

    The query and a trailing slash are ignored. Names that are no routes ("on_start") match nothing.
    """
    asked, offered = _METHOD.fullmatch(endpoint.partition("?")[0].strip()), _METHOD.fullmatch(route.strip())
    if not asked or not offered or offered[1] not in _ANY | {asked[1]}:
        return False
    parts = [re.escape(part) for part in _HOLE.split(offered[2].rstrip("/"))]
    return re.fullmatch("[^/]+".join(parts), asked[2].rstrip("/")) is not None
