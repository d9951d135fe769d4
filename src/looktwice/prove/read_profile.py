"""What requests read, by one more run of each under predicate locks: for statements whose text hides it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from looktwice.prove.gate import Arrived
from looktwice.prove.postgres.catalogue import Schema
from looktwice.prove.postgres.footprint import Read
from looktwice.prove.postgres.profile import Profile
from looktwice.prove.request import Request
from looktwice.prove.schedule import serial
from looktwice.prove.trial import Trials


def reads_of(
    trials: Trials, requests: Mapping[str, Request], schema: Schema, prelude: Sequence[Request] = ()
) -> dict[str, frozenset[Read]]:
    """What each request reads when it runs alone, by name; nothing where the server is not ours to reconfigure.

    prelude: requests sent before each, whose reads count as its own. The rows are as in the snapshot afterwards.
    """
    server = trials.restore.server
    if not server.may_configure:
        return {}
    found: dict[str, frozenset[Read]] = {}
    with Profile(server, schema) as profile:
        for name, request in requests.items():
            trial = trials.run({name: request}, serial(name), prelude=prelude)
            operations = (moment.operation for moment in trial.play.journal if isinstance(moment, Arrived))
            pids = {operation.backend for operation in operations if operation.backend is not None}
            found[name] = frozenset().union(*profile.sample(pids).values())
            profile.forget()
    return found
