"""Everything that one proof needs, running: database, Redis, proxies, two instances, and the rows they return to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from pathlib import Path

from looktwice.core.config import Prove
from looktwice.core.errors import ConfigurationError, MissingExtraError
from looktwice.prove import redis
from looktwice.prove.app import instance, prepare
from looktwice.prove.app.environment import Secrets
from looktwice.prove.app.failure import StartError
from looktwice.prove.app.instance import Instance, runs_as_root
from looktwice.prove.app.outside import Outside
from looktwice.prove.app.plan import Addresses, Kind, Plan
from looktwice.prove.app.requests.cases import Case, cases
from looktwice.prove.app.requests.discover import ADMIN, discover, sign_in_again
from looktwice.prove.app.requests.operation import Operation
from looktwice.prove.app.requests.reach import Row, why
from looktwice.prove.app.resolve import resolve
from looktwice.prove.background import Background
from looktwice.prove.boundary import Boundary
from looktwice.prove.credentials import Credentials
from looktwice.prove.explorer import Budget
from looktwice.prove.invariants import Invariants
from looktwice.prove.laboratory import Laboratory
from looktwice.prove.postgres import server as postgres
from looktwice.prove.postgres.changes import Changes
from looktwice.prove.postgres.restore import Restore
from looktwice.prove.postgres.server import Server
from looktwice.prove.postgres.sessions import Sessions
from looktwice.prove.proxy import Address
from looktwice.prove.recovery import Recovery
from looktwice.prove.request import Request, Response
from looktwice.prove.schedule import serial
from looktwice.prove.scheduler import Scheduler
from looktwice.prove.trial import Trials
from looktwice.prove.upstream import Script, Service
from looktwice.prove.void import Void, VoidRunError, limited

LANES = ("A", "B")
_REQUESTS = """[prove]
requests = [
  { method = "POST", path = "/orders", body = { product = 1 } },
]

[prove.users]
anna = { Authorization = "Bearer a token that your seed creates" }"""
Say = Callable[[str], None]


class Stage:
    """Open with `with Stage.open(root, prove) as stage:`; leaving ends all of it, whatever happened.

    `cases` are the requests that can be asked, `unasked` the endpoints for which none could be made (endpoint, reason).
    `trials` runs them; every run begins at the snapshot and ends there.
    """

    def __init__(self, stack: ExitStack, root: Path, prove: Prove, say: Say) -> None:
        self._stack, self.root, self.prove, self._say = stack, root, prove, say
        self.plan: Plan = resolve(root, prove)
        self.server: Server
        self.redis: redis.RedisServer | None = None
        self.instances: dict[str, Instance] = {}
        self.services: tuple[Service, ...] = ()
        self.cases: list[Case] = []
        self.unasked: list[tuple[str, str]] = []
        self.users: dict[str, dict[str, str]] = dict(prove.users)
        self._lanes: dict[str, Addresses] = {}
        self._ports: dict[str, int] = {}
        self._secrets = Secrets()
        self._operations: list[Operation] = []
        self._credentials = Credentials()
        self.background = Background(prove.ignore_tables)
        self.recovery = Recovery(self, say)

    @classmethod
    def open(cls, root: Path, prove: Prove, say: Say = lambda text: None) -> Stage:
        """Start everything for the project at `root`.

        say: told what is being done, in a few words. Raises StartError, ConfigurationError, MissingExtraError.
        """
        with ExitStack() as stack:
            stage = cls(stack, root, prove, say)
            stage._start()
            stage._stack = stack.pop_all()
            return stage

    def close(self) -> None:
        """End everything. May be called twice."""
        self._stack.close()

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def reach(self, wanted: Iterable[Case] | None = None) -> list[Row]:
        """Each case's first request alone, on both instances: the answer of the second, which is warm, counts."""
        return [self._reach(case) for case in (self.cases if wanted is None else wanted)]

    def revive(self) -> int:
        """Start again each instance that has ended, at the ports it had for its database. Gives how many had."""
        ended = [lane for lane, started in self.instances.items() if not started.is_listening]
        for lane in ended:
            self._start_again((lane,))
        return len(ended)

    def restart(self) -> None:
        """End both instances and start them again, with what they count in Redis forgotten."""
        for group in self._groups():
            self._start_again(group)
        if self.redis is not None:
            self.redis.forget_counters()

    def sign_in_again(self) -> bool:
        """Log in again everybody whom we logged in, and take what that leaves into the snapshot. False when there is
        nobody."""
        if self._restore.is_grown:
            return False  # these rows are there for a measurement only
        fresh = sign_in_again(self._send, self._operations, self.users)
        if not fresh:
            return False
        self._credentials.renew(self.users, fresh)
        self._restore.snapshot()
        if self.redis is not None:
            self.redis.snapshot()
        return True

    def _start_again(self, lanes: tuple[str, ...]) -> None:
        for lane in lanes:
            self.instances[lane].close()
        for lane, again in instance.start(self.plan, {it: self._lanes[it] for it in lanes}, self._secrets).items():
            self.instances[lane] = self._stack.enter_context(again)
            self._ports[lane] = again.port

    def _groups(self) -> list[tuple[str, ...]]:
        """Who is started together. Without set-up the application makes its tables as it starts, and two would
        collide."""
        return [LANES] if self.plan.setup or self.plan.seed else [(lane,) for lane in LANES]

    def laboratory(self, budget: Budget | None = None, instances: int = 2) -> Laboratory:
        """What experiments work with. budget: for each pair of requests; None takes the usual one. instances: how many
        there are where the application is used."""
        major, minor = divmod(self.server.version, 10000)
        return Laboratory(
            self.trials,
            self.schema,
            budget or Budget(),
            revive=self.revive,
            printed=lambda: sum(started.printed for started in self.instances.values()),
            environment={"PostgreSQL": f"{major}.{minor}", "instances": str(len(self.instances))},
            instances=instances,
        )

    def remarks(self) -> list[str]:
        """What a person should know of the run besides its results: where the application wanted to go."""
        refused = self.background.remarks() + [
            f"the application called {host}: refused, as nothing leaves this machine; give it a stand-in under "
            f"[prove.upstreams], or allow it with allow_hosts"
            for host in self.outside.hosts
        ]
        if runs_as_root(self.plan):
            refused.append("the application ran as root: its files or its interpreter are closed to other users")
        if self.prove.allow_hosts:  # an address does not tell which of the allowed hosts it is
            return refused
        peers = {peer for started in self.instances.values() for peer in started.foreign_peers()}
        return refused + [
            f"the application is connected to {peer}, past the proxy it was given" for peer in sorted(peers)
        ]

    # ---- in this order

    def _start(self) -> None:
        self._say("starting PostgreSQL")
        self.server = self._stack.enter_context(postgres.start(self.plan.extensions))
        self.redis = self._start_redis()
        self.boundary = self._stack.enter_context(Boundary())
        self.outside = Outside()
        self._open_ports()
        self._say("preparing the database")
        direct = self._direct()
        prepare.set_up(self.plan, direct, self._secrets)
        seeds_first = prepare.can_seed(self.plan, direct)
        if seeds_first:
            prepare.seed(self.plan, direct, self._secrets)
        self._say("starting the application, twice")
        self._start_instances()
        if not seeds_first:
            prepare.seed(self.plan, direct, self._secrets)
        self._find_cases()
        self._snapshot()

    def _start_redis(self) -> redis.RedisServer | None:
        wanted = {Kind.REDIS, Kind.REDIS_HOST, Kind.REDIS_PORT}
        if not any(setting.kind in wanted for setting in self.plan.settings):
            return None
        try:
            return self._stack.enter_context(redis.start())
        except MissingExtraError:
            self._say("no Redis here: the application's calls to it are refused")
            return None

    def _open_ports(self) -> None:
        self.services = tuple(
            Service(Script(name=upstream.name, status=upstream.status, body=upstream.body))
            for upstream in self.plan.upstreams
        )
        outside = f"http://127.0.0.1:{self.boundary.listen(self.outside.protocol)}"
        address = Address(self.server.host, self.server.port)
        for lane in LANES:
            self._lanes[lane] = Addresses(
                database=self.server.url_at(self.boundary.listen_postgres(lane, address)),
                redis=self._redis_at(lane),
                upstreams={
                    service.script.name: f"http://127.0.0.1:{self.boundary.listen_upstream(lane, service)}"
                    for service in self.services
                },
                outside=outside,
                allowed=tuple(self.prove.allow_hosts),
            )

    def _redis_at(self, lane: str) -> str:
        if self.redis is None:
            return ""
        return f"redis://127.0.0.1:{self.boundary.listen_redis(lane, Address(self.redis.host, self.redis.port))}/0"

    def _direct(self) -> Addresses:
        """For commands that prepare: the database without a proxy between."""
        first = self._lanes[LANES[0]]
        redis_url = self.redis.url if self.redis else ""
        return Addresses(
            database=self.server.url,
            redis=redis_url,
            upstreams=first.upstreams,
            outside=first.outside,
            allowed=first.allowed,
        )

    def _start_instances(self) -> None:
        for group in self._groups():
            lanes = {lane: self._lanes[lane] for lane in group}
            for lane, started in instance.start(self.plan, lanes, self._secrets).items():
                self.instances[lane] = self._stack.enter_context(started)

    def _find_cases(self) -> None:
        if self.prove.requests:
            self.cases = cases(self.prove)
            return
        self._say("looking for requests to ask")
        with self.server.connect() as connection:
            found = discover(self._send, self.prove, connection)
        self.cases, self.unasked, self.users = found.cases, found.unasked, found.users
        self._operations = found.operations
        if not self.cases and not self.unasked:
            raise StartError(
                "ask",
                "it runs, but serves no OpenAPI description, and no requests are named",
                command=self.plan.start,
                plan=self.plan,
                add=_REQUESTS,
            )

    def _send(self, request: Request) -> Response:
        """To instance A, past its rate limit where there is one."""
        kept = [self._exchange(request)]

        def again() -> Void | None:
            kept[0] = self._exchange(request)
            return limited(request, kept[0])

        if (void := limited(request, kept[0])) is not None:
            with suppress(VoidRunError):
                self.recovery.until_good(void, again)
        return kept[0]

    def _exchange(self, request: Request) -> Response:
        port = self.instances[LANES[0]].port
        return self.boundary.send(LANES[0], request, port, 10.0).result()

    def _snapshot(self) -> None:
        sessions = self._stack.enter_context(Sessions(self.server))
        changes = Changes(self.server)
        self._stack.callback(changes.close)
        restore = self._stack.enter_context(Restore(self.server, changes))
        self.schema = restore.snapshot()
        self._restore = restore
        self._know_ignored()
        sessions.accept()
        if self.redis is not None:
            self.redis.snapshot()
        ports = {lane: started.port for lane, started in self.instances.items()}
        self.scheduler = Scheduler(self.boundary, ports, sessions)
        self._ports = self.scheduler.ports
        invariants = self._stack.enter_context(Invariants(self.server, self.prove.invariants))
        self.trials = Trials(
            self.scheduler,
            changes,
            restore,
            self.services,
            self.redis,
            invariants,
            recovery=self.recovery,
            background=self.background,
            wears=self._credentials.wears,
        )

    def _know_ignored(self) -> None:
        """Raises ConfigurationError for a name in `ignore_tables` that is no table's."""
        for name in self.prove.ignore_tables:
            if not any(Background([name]).is_ignored(table) for table in self.schema.tables):
                known = ", ".join(sorted(table.removeprefix("public.") for table in self.schema.tables))
                raise ConfigurationError(
                    "cannot use ignore_tables", f"there is no table `{name}`", f"There are: {known or 'none'}."
                )

    def _reach(self, case: Case) -> Row:
        row = self._asked(case)
        if row.status == 403 and ADMIN in self.users and case.user != ADMIN:
            promoted = self._asked(case.asked_by(ADMIN, self.users[ADMIN]))
            row = row if promoted.status == 403 else promoted
        return row

    def _asked(self, case: Case) -> Row:
        response = Response(error="not asked")
        try:
            for swapped in (True, False):
                trial = self.trials.run({"A": case.first}, serial("A"), swapped=swapped)
                response = next(iter(trial.play.responses.values()), response)
        except VoidRunError as error:
            return Row(endpoint=case.endpoint, status=error.void.status, why=str(error), case=case)
        reason = why(response, self.instances[LANES[0]].output, case.first)
        if self.revive():
            self.trials.discard()
            reason = f"the application ended when it was asked. {reason}"
        return Row(endpoint=case.endpoint, status=response.status, why=reason, case=case)
