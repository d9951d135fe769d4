"""What a person should know of a run besides its results: what the application wanted and did not get."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from looktwice.prove.app.made_up import NOWHERE
from looktwice.prove.app.plan import Kind, Plan
from looktwice.prove.sandbox.attempt import Attempt

_NOT_OF_THIS_RUN = (
    "it does not belong to this run; give it a stand-in under [prove.upstreams], or allow it with allow_hosts"
)
_WORDS = {
    "connect": "{program} tried to connect to {what}: refused, as " + _NOT_OF_THIS_RUN,
    "datagram": "{program} tried to send to {what}: refused, as " + _NOT_OF_THIS_RUN,
    "name": "{program} looked for the host {what}: refused, as " + _NOT_OF_THIS_RUN,
    "read": "{program} opened {what}: its content was withheld, as the file is the user's own",
    "changed": "{program} tried to change {what}: refused, as that is the user's own",
}
_ADDRESS = re.compile("(?i)URL|URI|HOST|PORT|DSN|BROKER|SERVER|ADDR|ENDPOINT")


def of_calls(hosts: Iterable[str]) -> list[str]:
    """hosts: those that the application called by way of the proxy that refuses."""
    return [
        f"the application called {host}: refused, as nothing leaves this machine; give it a stand-in under "
        "[prove.upstreams], or allow it with allow_hosts"
        for host in hosts
    ]


def of_attempts(attempts: Iterable[Attempt], plan: Plan) -> list[str]:
    """One line for each thing that was tried, however often."""
    nowhere = sorted({it.name for it in plan.settings if it.kind in (Kind.FOREIGN, Kind.MADE_UP)})
    found: dict[str, None] = {}
    for it in attempts:
        program = f"the application ({it.program})" if it.program else "the application"
        if it.what == NOWHERE:
            names = ", ".join(name for name in nowhere if _ADDRESS.search(name)) or "its settings"
            found[f"{program} wanted a service that has no stand-in, whose address was made up ({names})"] = None
        elif it.kind in _WORDS:
            found[_WORDS[it.kind].replace("{program}", program).replace("{what}", it.what)] = None
    return list(found)


def of_files(plan: Plan) -> list[str]:
    """Configuration that the application may read unchanged."""
    so = "; what it leads to is refused" if plan.is_isolated else ""
    return [
        f"{os.path.relpath(path, plan.root)} may hold values of the user's own, and is read unchanged{so}"
        for path in plan.own.configuration
    ]


def of_openness(plan: Plan, why: str, peers: Iterable[str]) -> list[str]:
    """When nothing kept the application from the user's files and services. why: the reason, "" when it was kept."""
    if not why:
        return []
    remarks = [f"the application was not isolated from other files and services of this machine: {why}"]
    remarks += [
        f"the application is connected to {peer}, which does not belong to this run" for peer in sorted(set(peers))
    ]
    return remarks
