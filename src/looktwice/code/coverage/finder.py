"""Finds what has to be understood in expressions: routes, entities that calls declare, calls of stores."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from looktwice.code.coverage import routes, statements
from looktwice.code.coverage.links import Link, first_text, links, root_name
from looktwice.code.coverage.owner import PLAIN, Kind, Owner, Place
from looktwice.code.coverage.owners import Owners
from looktwice.code.coverage.packages import OUTER_ROLES, Known, packages
from looktwice.code.coverage.sightings import CALL, ENTITY, HANDLER, Sighting, Understood
from looktwice.code.coverage.verbs import ENQUEUING, EVERYDAY, HTTP_METHODS, plain
from looktwice.code.coverage.words import Words, places
from looktwice.code.project.names import Names, language_of
from looktwice.code.syntax.languages.lookup import Chain, Lookup
from looktwice.code.syntax.tree import Assignment, Attribute, Class, Function, Name, Node
from looktwice.code.syntax.tree import Mapping as ObjectLiteral

RECEIVER = re.compile(rb"(?<![\w.$)\]])([A-Za-z_$][\w$]*)\s*\.\s*$")
LONGEST_NAME = 60
DECLARING = frozenset(["model", "define", "table", "schema", "entity", "collection", "definemodel"])
"""Functions that declare an entity when they are given its name and its columns."""
NEEDS_FUNCTION = frozenset(("on", "subscribe", "use", "process", "run", "route"))
"""Names of registrations that are names of other things as well: they count when a function is handed over."""


class Finder:
    """Finds sightings in expressions, wherever they stand in a file."""

    def __init__(self, names: Names, owners: Owners, understood: Understood) -> None:
        self.names, self.owners, self.understood = names, owners, understood

    def sightings(self, path: str, data: bytes, lookup: Lookup, words: Words) -> Iterator[Sighting]:
        """Everything in one file. Calls of libraries that need no understanding are left out."""
        for chain in lookup.chains(each for each in places(data, words) if not self._is_plain(path, data, each)):
            if chain.decorates in ("field", "parameter"):
                continue
            found = links(chain.node)
            if chain.decorates:
                decorator = self._decorator(path, chain, found)
                yield from (decorator,) if decorator is not None else ()
            elif registered := [each for n in range(len(found)) if (each := self._route(path, chain, found, n))]:
                yield from registered
            elif (other := self._entity(path, chain, found) or self._call(path, chain, found, words.used)) is not None:
                yield other

    def _is_plain(self, path: str, data: bytes, place: int) -> bool:
        """Whether a method is called on a name at the top of the file that needs no understanding: `json.dumps(…)`."""
        receiver = RECEIVER.search(data, max(0, place - LONGEST_NAME), place)
        if receiver is None:
            return False
        name = receiver[1].decode()
        if name not in self.names.table(path):
            return False
        return self.owners.of_symbol(self.names.lookup(path, name), path).kind is Kind.PLAIN

    # ── routes ───────────────────────────────────────────────────────────────────────────────────────────────────────
    def _decorator(self, path: str, chain: Chain, found: list[Link]) -> Sighting | None:
        """`@app.get("/x")`, `@Get(":id")`, `@shared_task`."""
        called = bool(found) and found[-1].call is chain.node
        link = found[-1] if called else bare(chain.node)
        place = Place(path, chain.start)
        is_method = plain(link.name) in HTTP_METHODS
        if not (link.path or is_method or link.name in all_handlers(language_of(path))):
            return None
        owner = self.owners.of(link.receiver if link.receiver is not None else link.callee, place)
        known = known_of(owner, path)
        if owner.kind is Kind.PLAIN or (known is not None and HANDLER not in known.kinds):
            return None
        if chain.decorates == "class" and (
            (known is not None and known.methods_only) or self._holds_routes(path, chain)
        ):
            return None
        if known is not None and link.name in known.handlers:
            return self._handler(path, chain, link, owner)
        if link.path:
            is_route = is_method or not routes.is_file(link.path)
        elif known is not None or not (called and is_method):
            is_route = called and is_method
        else:
            is_route = link.name[:1].isupper() or (bool(link.positions) and not link.has_text)
        return self._handler(path, chain, link, owner) if is_route else None

    def _holds_routes(self, path: str, chain: Chain) -> bool:
        """Whether a decorated class only says where its methods hang: they have decorators of their own."""
        body = self.names.modules[path].body
        holder = next((it for it in body if isinstance(it, Class) and it.start <= chain.start < it.end), None)
        return holder is not None and any(isinstance(it, Function) and it.decorators for it in holder.members)

    def _route(self, path: str, chain: Chain, found: list[Link], number: int) -> Sighting | None:
        """`app.get("/x", handler)`, `path("x/", view)`, `route({method, url, handler})`."""
        link = found[number]
        if (framework := self.understood.handlers.get(path, {}).get(link.call.end)) is not None:
            return self._handler(path, chain, link, Owner(Kind.LIBRARY, framework, framework))
        if not (link.name in all_handlers(language_of(path)) or routes.may_be_route(found, number)):
            return None
        place = Place(path, chain.start)
        owner = self.owners.of(link.receiver if link.receiver is not None else link.callee, place)
        known = known_of(owner, path)
        if owner.kind is Kind.PLAIN or (known is not None and HANDLER not in known.kinds):
            return None
        if known is not None and link.name in known.handlers:
            is_route = self._hands_over(link, known, place)
        elif not link.arguments:
            return None
        else:
            is_route = routes.is_route(found, number, self._is_function(place), is_framework=known is not None)
        if not is_route or self._is_answered_by_library(link, place):
            return None
        return self._handler(path, chain, link, owner)

    def _handler(self, path: str, chain: Chain, link: Link, owner: Owner) -> Sighting:
        receiver = root_name(link.receiver)
        return Sighting(HANDLER, owner, path, chain.start, link.name, (link.call.end,), receiver=receiver)

    def _hands_over(self, link: Link, known: Known, place: Place) -> bool:
        """Whether a call of a known name hands over a handler, and no routes that stand elsewhere."""
        if known.inline_only or link.name in NEEDS_FUNCTION:
            return routes.options_of(link) or routes.function_among(link, self._is_function(place))
        return not routes.is_mount(link)

    def _is_answered_by_library(self, link: Link, place: Place) -> bool:
        """`router.get("/docs", swagger.setup(x))`: there is nothing of the program's own to understand."""
        last = link.positions[-1] if link.positions else None
        if last is None or not routes.ends_in_code(link) or routes.function_among(link, self._is_function(place)):
            return False
        return self.owners.of(last, place).kind is Kind.PLAIN

    def _is_function(self, place: Place) -> routes.IsFunction:
        """Whether a node names a function, or a class or object of the program that may answer requests."""

        def answer(node: Node) -> bool:
            if not isinstance(node, Name | Attribute):
                return False
            owner = self.owners.of(node, place)
            target = self.names.node(owner.symbol) if owner.kind is Kind.PROJECT else None
            if isinstance(target, Assignment):
                target = target.value
            if isinstance(target, Class):
                methods = (each.name for each in target.members if isinstance(each, Function))
                return any(plain(each).removeprefix("on") in HTTP_METHODS for each in methods)
            return isinstance(target, Function)

        return answer

    # ── entities ─────────────────────────────────────────────────────────────────────────────────────────────────────
    def _entity(self, path: str, chain: Chain, found: list[Link]) -> Sighting | None:
        """`model("User", schema)`, `pgTable("users", {…})`: an entity that a call declares."""
        link = found[-1] if found else None
        if link is None or not may_declare(link, all_entities(language_of(path))):
            return None
        place = Place(path, chain.start)
        owner = self._owner_of_method(link, place)
        known = known_of(owner, path)
        if owner.kind is not Kind.LIBRARY or (known is not None and link.name not in known.entities):
            return None
        name = first_text(link.positions[0]) or link.name
        strength = statements.MAYBE if known is None else statements.SURELY
        return Sighting(ENTITY, owner, path, chain.start, name, symbol=self._bound(path, chain), strength=strength)

    def _bound(self, path: str, chain: Chain) -> str:
        """The symbol that what a chain makes is bound to, at the top of the file."""
        table = self.names.table(path).items()
        holder = (name for name, it in table if isinstance(it, Assignment) and it.start <= chain.start < it.end)
        return f"{path}:{name}" if (name := next(holder, "")) else ""

    # ── calls ────────────────────────────────────────────────────────────────────────────────────────────────────────
    def _call(self, path: str, chain: Chain, found: list[Link], used: frozenset[str]) -> Sighting | None:
        """The first call of a chain that may be a store's, and whose it is."""
        place = Place(path, chain.start)
        answers = self.understood.calls.get(path, {})
        for number, link in enumerate(found):
            if link.receiver is None and not statements.has_sql(link):
                continue
            receiver = link.receiver_name or root_name(link.receiver)
            owner = self._owner_of_call(link, place, answers.get(link.call.end), used)
            if hangs_on_framework(owner, path):
                owner = Owner(Kind.UNKNOWN, "", receiver)
            if owner.kind is Kind.PLAIN or not matters(link, known_of(owner, path)):
                continue
            strength = statements.strength(found, number, receiver)
            if strength == statements.MAYBE and self._takes_store(link, owner, place):
                strength = statements.SURELY
            if owner.kind is Kind.UNKNOWN and not statements.is_telling_of_unknown(found, number, receiver):
                continue
            if owner.kind is Kind.PROJECT and receiver in ("self", "this", "cls"):
                continue
            ends = tuple(each.call.end for each in found[number:])
            named = statements.client_name(link)
            return Sighting(CALL, owner, path, chain.start, link.name, ends, strength=strength, receiver=named)
        return None

    def _owner_of_call(self, link: Link, place: Place, answered: tuple[int, str] | None, used: frozenset[str]) -> Owner:
        """Whose a call is: by the model that answers it where the file imports that library, else by its receiver."""
        if answered is None:
            return self._owner_of_method(link, place)
        by_model = Owner(Kind.LIBRARY, answered[1], link.name)
        found = packages(language_of(place.path)).find(answered[1])
        if found is not None and found[0] in used and statements.is_verb(link):
            return by_model
        owner = self._owner_of_method(link, place)
        return by_model if found is not None and known_of(owner, place.path) is None else owner

    def _takes_store(self, link: Link, owner: Owner, place: Place) -> bool:
        """Whether a library that nobody knows is handed what keeps the data: `crud.get(session, id=1)`."""
        if owner.kind is not Kind.LIBRARY or known_of(owner, place.path) is not None:
            return False
        given = (each.value for each in link.arguments if isinstance(each.value, Name | Attribute))
        clients = (each for each in given if statements.names_client(each))
        known = (known_of(self.owners.of(each, place), place.path) for each in clients)
        return any(each is not None and each.role == "store" for each in known)

    def _owner_of_method(self, link: Link, place: Place) -> Owner:
        """Whose method a call is: an inherited one is of the library that it is inherited from."""
        if link.receiver is None:
            return self.owners.of(link.callee, place)
        owner = self.owners.of(link.receiver, place)
        if owner.kind is not Kind.PROJECT or self.names.method(owner.symbol, link.name) is not None:
            return owner
        if not isinstance(self.names.node(owner.symbol), Class):
            return PLAIN  # an object or module of the program, without such a function
        base = self.owners.library_base(owner.symbol)
        return Owner(Kind.LIBRARY, f"{base}.{link.name}", owner.name) if base else owner


def hangs_on_framework(owner: Owner, path: str) -> bool:
    """Whether an object is reached through one of a framework, which keeps no data: `c.env.DB`, `request.app.pool`."""
    known = known_of(owner, path)
    return known is not None and known.role == "framework" and CALL not in known.kinds


def matters(link: Link, known: Known | None) -> bool:
    """Whether a call says anything: a verb of stores, a method that the table names, any call of an outer service."""
    if known is None:
        return statements.is_verb(link)
    if CALL not in known.kinds or statements.reads_field(link, is_outer=known.role in OUTER_ROLES):
        return False
    if known.role in OUTER_ROLES:
        return not link.name[:1].isupper() and plain(link.name) not in EVERYDAY
    if known.role == "queue":
        return link.name in known.calls or (not known.calls and plain(link.name) in ENQUEUING)
    return link.name in known.calls or statements.is_verb(link)


def may_declare(link: Link, names: frozenset[str]) -> bool:
    """Whether a call may declare an entity: by a known name, or by a text and a table of columns."""
    positions = link.positions
    if not positions:
        return False
    if len(positions) == 1:
        return link.name in names and isinstance(positions[0], ObjectLiteral)
    if not first_text(positions[0]) or link.path:
        return link.name in names and isinstance(positions[0], ObjectLiteral)
    has_table = any(isinstance(each, ObjectLiteral) for each in positions[1:])
    return link.name in names or (has_table and plain(link.name) in DECLARING)


def bare(node: Node) -> Link:
    """A decorator without brackets, as if it were called."""
    return Link(node, getattr(node, "name", getattr(node, "id", "")), getattr(node, "value", None))


def known_of(owner: Owner, path: str) -> Known | None:
    """What the table knows of a library; None for what is no library, and for one that is not in it."""
    found = packages(language_of(path)).find(owner.symbol) if owner.kind is Kind.LIBRARY else None
    return found[1] if found is not None else None


@cache
def all_handlers(language: str) -> frozenset[str]:
    return frozenset(name for each in packages(language).table.values() for name in each.handlers)


@cache
def all_entities(language: str) -> frozenset[str]:
    return frozenset(name for each in packages(language).table.values() for name in each.entities)
