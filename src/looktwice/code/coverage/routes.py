"""What a route looks like where it is registered: a path, and a function that is handed over."""

from __future__ import annotations

import re
from collections.abc import Callable

from looktwice.code.coverage.links import Link, first_text, links
from looktwice.code.coverage.verbs import HTTP_METHODS, plain
from looktwice.code.syntax.tree import Call, Function, Literal, Node, Template
from looktwice.code.syntax.tree import Mapping as ObjectLiteral

OPTIONS = frozenset(["path", "url", "method", "handler"])
REGISTERING = frozenset(["route", "add", "register", "addroute"])
_FILE = re.compile(r"/(?:var|tmp|etc|usr|home|opt|dev|proc|root|mnt|sys|bin)(?:/|$)|\.\w{1,5}$")

IsFunction = Callable[[Node], bool]
"""Whether an expression names something that can be called to answer a request."""


def may_be_route(chain: list[Link], number: int) -> bool:
    """Whether a look at what is handed over is worth it: there is a path, or a method of HTTP behind one."""
    link = chain[number]
    if link.path or (plain(link.name) in REGISTERING and options_of(link)):
        return True
    if plain(link.name) not in HTTP_METHODS:
        return False
    return is_for_all(link) or has_route_before(chain, number)


def is_route(chain: list[Link], number: int, is_function: IsFunction, *, is_framework: bool) -> bool:
    """Whether a call registers a route.

    is_framework: it is a known framework's, so that what is handed over need not be seen to be a function.
    """
    link = chain[number]
    is_method = plain(link.name) in HTTP_METHODS
    if link.name == "use":
        return False  # what is put in front of routes
    if options_of(link) and plain(link.name) in REGISTERING:
        return is_framework or path_in_options(link)
    if link.path and not is_method and is_file(link.path):
        return False
    if not (link.path or has_route_before(chain, number) or is_for_all(link)):
        return False
    if function_among(link, is_function):
        return True
    return is_framework and is_method and len(link.positions) >= 2 and ends_in_code(link)


def has_route_before(chain: list[Link], number: int) -> bool:
    """`app.route("/x").get(…)`"""
    return any(each.name == "route" and each.has_text for each in chain[:number])


def is_for_all(link: Link) -> bool:
    """Whether a text stands for every path: `get("", …)`, `all("*", …)`."""
    first = link.positions[0] if len(link.positions) >= 2 else None
    return isinstance(first, Literal) and first.value in ("", "*")


def is_file(path: str) -> bool:
    """Whether a path is one of the file system."""
    return _FILE.search(path) is not None


def function_among(link: Link, is_function: IsFunction) -> bool:
    """Whether a function is handed over, directly or wrapped (`asyncHandler(f)`), or in a table of options."""
    return any(_hands_over(each.value, is_function, 3) for each in link.arguments)


def _hands_over(node: Node, is_function: IsFunction, depth: int) -> bool:
    if isinstance(node, Function) or is_function(node):
        return True
    if isinstance(node, Call) and depth > 0:
        return any(_hands_over(each.value, is_function, depth - 1) for each in node.arguments)
    if isinstance(node, ObjectLiteral) and depth > 0:
        return any(_hands_over(each.value, is_function, 0) for each in node.entries)
    return False


def options_of(link: Link) -> bool:
    """Whether a table of options names a route: `route({method: "GET", url: "/x", handler})`."""
    return any(
        sum(getattr(entry.key, "value", getattr(entry.key, "id", "")) in OPTIONS for entry in each.entries) >= 2
        for each in link.positions
        if isinstance(each, ObjectLiteral)
    )


def path_in_options(link: Link) -> bool:
    tables = (each for each in link.positions if isinstance(each, ObjectLiteral))
    return any(first_text(entry.value).startswith("/") for each in tables for entry in each.entries)


def ends_in_code(link: Link) -> bool:
    """Whether the last argument may be a function: no text, no number, no table."""
    return not isinstance(link.positions[-1], Literal | Template | ObjectLiteral)


def is_mount(link: Link) -> bool:
    """`path("x/", include("y"))`: routes that stand elsewhere."""
    return any(each.name == "include" for value in link.positions[1:2] for each in links(value))
