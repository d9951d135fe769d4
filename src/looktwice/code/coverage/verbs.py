"""Words that the methods of stores and frameworks have in common, and what the names of clients look like.

Lists of words, in the spelling of both languages: "find one" stands for `find_one`, `findOne` and `findone`.
"""

from __future__ import annotations

import re
from functools import lru_cache


def listed(text: str) -> frozenset[str]:
    """Words that are separated by white space."""
    return frozenset(text.split())


@lru_cache(maxsize=20_000)
def plain(name: str) -> str:
    """A name without its manner of writing: `find_one`, `findOne` and "find one" are "findone"."""
    return re.sub(r"[\s_$]+", "", name).lower()


def spelled(words: str) -> frozenset[str]:
    """Words that are separated by commas, in the spelling by which `plain` compares."""
    return frozenset(plain(each) for each in words.split(",") if each.strip())


def spellings(words: str) -> list[str]:
    """Both languages' ways of writing every one of the words."""
    found: dict[str, None] = {}
    for each in words.split(","):
        parts = each.split()
        if parts:
            camel = parts[0] + "".join(map(str.capitalize, parts[1:]))
            found |= dict.fromkeys(("_".join(parts), camel, "".join(parts)))
    return list(found)


HTTP_METHODS = listed("get post put patch delete del head options all any")

TELLING = """
  find one, find many, find all, find first, find unique, find by id, find by pk, find by, find one by,
  find or fail, find by or fail, first or fail, first or create, get or 404, first or 404, one or 404, get or404,
  first or404, find one or fail, find one by or fail, find one or none, find unique or throw, find first or throw,
  find and count,
  find and count all, find one and update, find by id and update, find one and delete, find by id and delete,
  find by id and remove, find one and replace, find or create, find one or create, get or create, get or none,
  update or create, create many, bulk create, bulk update, bulk write, bulk insert, insert one, insert many,
  insert into, update one, update many, replace one, delete one, delete many, upsert, soft delete, soft remove,
  query row, execute many, execute script, fetch one, fetch all, fetch many, fetch val, fetch row, scalars, scalar one,
  scalar one or none, one or none, count documents, filter by, select for update, select related, prefetch related,
  get repository, create query builder, start transaction, begin transaction, commit transaction, commit, rollback,
  with for update, add all, put item, get item, update item, delete item, batch write, select from, delete from,
  update table, on conflict
"""
"""Only stores have methods of these names."""

COMMON = """
  get, get one, get by id, find, create, insert, update, delete, remove, destroy, save, save all, restore, query, raw,
  execute, exec, run, all, first, one, scalar, count, distinct, aggregate, exists, filter, exclude, where, select,
  values, from, from_, table, collection, doc, document, into, set, set ex, add, merge, flush, refresh, transaction,
  begin, atomic, fetch, populate, reload, increment, decrement, incr, decr, incr by, put, scan, expire, mget, hset,
  hget, hgetall, hincr by, lpush, rpush, sadd, zadd, xadd, publish, send, send mail, send message, charge, capture,
  refund, sale, enqueue, delay, dispatch, schedule, persist, order by, is in, eq, objects, value, limit, prepare
"""
"""Methods of stores that other things have as well."""

CHANGES = """
  insert, update, delete, upsert, values, set, into, returning, create, save, add, remove, insert one, insert into,
  update one, delete one, update many, insert many, delete many, on conflict, execute, commit
"""
"""Of a chain that builds a statement, the words that no data frame has beside the others."""

STARTS = "table, collection, from, from_, into, doc, select from, insert into, update table, delete from"
"""Words that take the name of a table."""

LINKS = f"{CHANGES}, where, filter, filter by, eq, select, join, order by, limit, first, one, all, get, query, {STARTS}"
SESSIONS = "add, add all, commit, rollback, query, execute, scalars, scalar, merge, flush, refresh, delete, exec"
QUEUES = "enqueue, publish, send, delay, add, dispatch, schedule, emit, produce"

TELLING_VERBS = spelled(TELLING)
VERBS = TELLING_VERBS | spelled(COMMON)
CHANGING, STARTING, LINKING = spelled(CHANGES), spelled(STARTS), spelled(LINKS)
IN_SESSION, ENQUEUING = spelled(SESSIONS), spelled(QUEUES)

CLIENTS = listed(
    """
    db database conn connection cursor cur pool tx trx em entitymanager datasource queryrunner orm mongo sql dbsession
    dbconn dbclient qb querybuilder uow
    """
)
ALWAYS_CLIENTS = listed("prisma supabase knex sequelize mongoose objects kysely drizzle")
NOT_OF_CLIENTS = listed("get set add all first from filter values count exists value put limit eq merge")
"""Everyday words that a thing called `db` may have without being a database: a dictionary, a module."""

REPOSITORIES = ("repo", "repository", "dao")
"""How names of repositories end."""

SQL_FUNCTIONS = listed("func fn")
"""What SQL's own functions hang on: `func.count()` is part of a statement."""

EVERYDAY = listed(
    """
    map filter foreach find findindex join then catch finally json text items keys values append push pop includes sort
    slice splice reduce some every tostring strip split format lower upper replace startswith endswith match trim concat
    raiseforstatus initapp attach close end on off once copy dict modeldump has bind call apply verify createtransport
    createclient configure setapikey debug info warning warn error exception log read aread content
    constructevent constructfrom isinstance todict
    """
)
"""Methods of what a service answers with, and of setting it up: no calls to it."""
