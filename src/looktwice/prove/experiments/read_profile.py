"""What requests read, by one more run of each under predicate locks: for statements whose text hides it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from looktwice.prove.network.gate import Arrived
from looktwice.prove.network.request import Request
from looktwice.prove.run.trials import Trials
from looktwice.prove.schedule.schedule import serial
from looktwice.prove.servers.postgres.catalogue import Schema
from looktwice.prove.servers.postgres.footprint import Read
from looktwice.prove.servers.postgres.profile import Profile


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
