"""Everything that one proof needs, running: database, Redis, proxies, two instances, and the rows they return to."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

from looktwice.core.config import Prove, duration
from looktwice.core.errors import ConfigurationError, MissingExtraError
from looktwice.core.event import Executing, Noted, Progress
from looktwice.prove.app import instance, prepare
from looktwice.prove.app.accounts import account_for, runs_as_root
from looktwice.prove.app.environment import Secrets
from looktwice.prove.app.failure import StartError
from looktwice.prove.app.instance import Instance, shown
from looktwice.prove.app.isolation import checked
from looktwice.prove.app.outside import Outside
from looktwice.prove.app.plan import Addresses, Kind, Plan
from looktwice.prove.app.requests.cases import Case, cases
from looktwice.prove.app.requests.discover import ADMIN, discover, sign_in_again
from looktwice.prove.app.requests.operation import Operation
from looktwice.prove.app.requests.reach import Row, complaint, why
from looktwice.prove.app.resolve import resolve
from looktwice.prove.guardian.interrupts import deferred
from looktwice.prove.guardian.lost import why_ended
from looktwice.prove.guardian.run import Run, RunEndedError
from looktwice.prove.network.boundary import Boundary
from looktwice.prove.network.proxy import Address
from looktwice.prove.network.request import NOT_SENT, Request, Response
from looktwice.prove.network.upstream import Script, Service
from looktwice.prove.network.writable import problem
from looktwice.prove.run import remarks
from looktwice.prove.run.background import Background
from looktwice.prove.run.credentials import Credentials
from looktwice.prove.run.deadline import Deadline
from looktwice.prove.run.invariants import Invariants
from looktwice.prove.run.laboratory import Laboratory
from looktwice.prove.run.own_database import OwnDatabase
from looktwice.prove.run.recovery import Recovery
from looktwice.prove.run.trials import Trials
from looktwice.prove.run.void import Void, VoidRunError, limited
from looktwice.prove.sandbox.attempt import Attempt
from looktwice.prove.sandbox.network import Network
from looktwice.prove.schedule.explorer import Budget
from looktwice.prove.schedule.schedule import serial
from looktwice.prove.schedule.scheduler import Scheduler
from looktwice.prove.servers import redis
from looktwice.prove.servers.postgres import server as postgres
from looktwice.prove.servers.postgres.changes import Changes
from looktwice.prove.servers.postgres.restore import Restore
from looktwice.prove.servers.postgres.server import Server
from looktwice.prove.servers.postgres.sessions import Sessions

LANES = ("A", "B")
_REQUESTS = """[prove]
requests = [
  { method = "POST", path = "/orders", body = { product = 1 } },
]

[prove.users]
anna = { Authorization = "Bearer a token that your seed creates" }"""
Say = Callable[[str], None]
_ANSWER = 10.0  # seconds for a request that is sent outside of an experiment
_ENDED = "the application ended when the request was sent"
_DYING = 0.3  # seconds in which an application that gave no answer may be ending
_GRACE = 3.0  # seconds after the deadline in which what is going on may end by itself


class Stage:
    """Open with `with Stage.open(root, prove) as stage:`; leaving ends all of it, whatever happened. Or enter a new
    one and consume `start`, which reports each step when it is taken.

    `cases` are the requests that can be sent, `without_request` the endpoints for which none could be made (endpoint,
    reason). `trials` runs them; every run begins at the snapshot and ends there.
    """

    def __init__(
        self, root: Path, prove: Prove, deadline: Deadline | None = None, say: Say = lambda text: None
    ) -> None:
        """deadline: for all that is done with the stage; none when left out. say: receives what is done to bring the
        application back in the middle of a run. Raises StartError."""
        self._stack, self.root, self.prove = ExitStack(), root, prove
        self._deadline = deadline or Deadline(float("inf"))
        self._run: Run | None = None
        self._doing = ""
        self.plan: Plan = resolve(root, prove)
        self._openness = ""
        self.server: Server
        self.redis: redis.RedisServer | None = None
        self.instances: dict[str, Instance] = {}
        self.services: tuple[Service, ...] = ()
        self.cases: list[Case] = []
        self.without_request: list[tuple[str, str]] = []
        self.users: dict[str, dict[str, str]] = dict(prove.users)
        self._lanes: dict[str, Addresses] = {}
        self._refused: list[Attempt] = []  # of what has ended by now
        self._ports: dict[str, int] = {}
        self._secrets = Secrets()
        self._operations: list[Operation] = []
        self._credentials = Credentials()
        self.background = Background(prove.ignore_tables)
        self.recovery = Recovery(self, say, lambda seconds: time.sleep(min(seconds, self._deadline.left)))

    @classmethod
    def open(cls, root: Path, prove: Prove, say: Say = lambda text: None, deadline: Deadline | None = None) -> Stage:
        """Start everything for the project at `root`.

        say: called with what is being done, in a few words. deadline: for all that is done with the stage; none when
        left out. Raises StartError, ConfigurationError, MissingExtraError, RunEndedError.
        """
        stage = cls(root, prove, deadline, say)
        try:
            for event in stage.start():
                say(str(event) if isinstance(event, Executing) else event.text)
        except BaseException as error:
            stage.__exit__(type(error), error, None)
            raise
        return stage

    def close(self) -> None:
        """End everything. May be called twice. A signal that comes meanwhile takes effect when it is done."""
        with deferred():
            self._stack.close()

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Raises RunEndedError in place of whatever came of it that something the run needs is gone."""
        why = self.why_ended(error)
        self.close()
        if why and not isinstance(error, RunEndedError):
            raise RunEndedError("the run has ended early", why, "Everything it had started is ended.") from error

    def why_ended(self, error: BaseException | None) -> str:
        """Why the run cannot go on, given the error that came of it; "" when nothing that it needs is gone."""
        return why_ended(self._run, error) if self._run is not None else ""

    def reach(self, wanted: Iterable[Case] | None = None) -> list[Row]:
        """Each case's first request alone, on both instances: the answer of the second, which is warm, counts. Those
        that only read are sent first: what the application is connected to is known before anything is written."""
        cases = list(self.cases if wanted is None else wanted)
        asked = sorted(range(len(cases)), key=lambda at: cases[at].first.method not in ("GET", "HEAD"))
        rows = {at: self._reach(cases[at]) for at in asked}
        return [rows[at] for at in range(len(cases))]

    def _step(self, text: str) -> Progress:
        self._deadline.check(text)
        self._doing = text
        return Progress("start", 0, 0, text)

    def revive(self, dying: float = 0.0) -> int:
        """Start again each instance that has ended, at the ports it had for its database. Gives how many had. dying:
        seconds in which one that is still there may be ending. Raises as `check` does."""
        self.check()
        ended = [lane for lane, started in self.instances.items() if not started.goes_on(dying)]
        for lane in ended:
            self._start_again((lane,))
        return len(ended)

    def restart(self) -> None:
        """End both instances and start them again, with what they count in Redis forgotten. Raises as `check` does."""
        self.check()
        for group in self._groups():
            self._start_again(group)
        if self.redis is not None:
            self.redis.forget_counters()

    def sign_in_again(self) -> bool:
        """Log in again all users whom looktwice logged in, and take what that leaves into the snapshot. False when
        there are none."""
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
            self._refused += self.instances[lane].attempts()
            self.instances[lane].close()
        for lane, again in self._started({it: self._lanes[it] for it in lanes}).items():
            self.instances[lane] = self._stack.enter_context(again)
            self._ports[lane] = again.port

    def _groups(self) -> list[tuple[str, ...]]:
        """Who is started together. Without set-up the application makes its tables as it starts, and two would
        collide."""
        return [LANES] if self.plan.setup or self.plan.seed else [(lane,) for lane in LANES]

    def check(self) -> None:
        """Raises RunEndedError when another program has killed an instance: what was seen since then is not its
        doing."""
        for lane, started in self.instances.items():
            if how := started.killed:
                raise RunEndedError(
                    "the run has ended early",
                    f"the application (instance {lane}) {how}, and not by itself",
                    "If you did not do that, check whether the machine ran out of memory.",
                )

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
            output=lambda: "\n".join(started.output() for started in reversed(self.instances.values())),
            environment={"PostgreSQL": f"{major}.{minor}", "instances": str(len(self.instances))},
            instances=instances,
        )

    def remarks(self) -> list[str]:
        """What a person should know of the run besides its results: where the application wanted to go."""
        tried = [*self._refused, *(it for started in self.instances.values() for it in started.attempts())]
        found = [
            *remarks.of_openness(self.plan, self._openness, self._peers()),
            *self.own_database.remarks(),
            *self.background.remarks(),
            *remarks.of_calls(self.outside.hosts),
            *remarks.of_attempts(tried, self.plan),
            *self.plan.unread,
            *remarks.of_files(self.plan),
        ]
        if runs_as_root(self.plan):
            found.append("the application ran as root: its files or its interpreter are closed to other users")
        return found

    def _peers(self) -> list[str]:
        """Connections of the application to what is not of this run and was not allowed."""
        ours = {port for addresses in self._lanes.values() for port in addresses.ports()}
        allowed = Network(ours, self.prove.allow_hosts, lambda port: False, lambda path: False)
        found = {peer for started in self.instances.values() for peer in started.foreign_peers(ours)}
        return sorted(text for text, peer in found if allowed.refusal(peer) is not None)

    # ---- in this order

    def start(self) -> Iterator[Progress | Executing | Noted]:
        """Start everything, and say what is done before it is done. Raises as `open` does."""
        try:
            yield from self._start()
        except StartError:
            self._deadline.check(self._doing)
            raise

    def _start(self) -> Iterator[Progress | Executing | Noted]:
        # Before anything else: from here on whatever is started is watched over.
        run = self._run = self._stack.enter_context(Run())
        if self._deadline.left < float("inf"):
            run.limit(self._deadline.left + _GRACE, f"{self._deadline.name} has passed, and it did not end by itself")
        self.plan, self._openness = checked(self.plan, run)
        yield self._step("starting PostgreSQL")
        self.server = self._stack.enter_context(postgres.start(self.plan.extensions, run=run))
        self.redis = self._start_redis(run)
        if self.redis is None and self._wants_redis:
            yield Noted("no Redis here: the application's calls to it are refused")
        self.boundary = self._stack.enter_context(Boundary())
        self.outside = Outside()
        self._open_ports(str(run.folder(account_for(self.plan))))
        yield self._step("preparing the database")
        direct = self._direct()
        seconds = min(duration(self.prove.setup_timeout, "setup_timeout"), self._deadline.left)
        prepared = (run, self.plan, direct, self._secrets, seconds, self._refused)
        for command in self.plan.left_out:
            yield Noted(f"not run: {command} ({command.origin}), as a seed makes its tables")
        yield from prepare.set_up(*prepared)
        seeds_first = prepare.can_seed(self.plan, direct)
        if seeds_first:
            yield from prepare.seed(*prepared)
        yield self._step("starting the application, twice")
        yield shown("start", self.plan.start, account_for(self.plan))
        self._start_instances()
        if not seeds_first:
            yield from prepare.seed(*prepared)
        own = OwnDatabase(self.plan, self.server, self.redis, self._peers)
        self.own_database = self._stack.enter_context(own)
        yield self._step("looking for requests to send")
        self._find_cases()
        self._snapshot()

    @property
    def _wants_redis(self) -> bool:
        wanted = {Kind.REDIS, Kind.REDIS_HOST, Kind.REDIS_PORT}
        return any(setting.kind in wanted for setting in self.plan.settings)

    def _start_redis(self, run: Run) -> redis.RedisServer | None:
        try:
            return self._stack.enter_context(redis.start(run)) if self._wants_redis else None
        except MissingExtraError:
            return None

    def _open_ports(self, folder: str) -> None:
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
                folder=folder,
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
            folder=first.folder,
        )

    def _start_instances(self) -> None:
        for group in self._groups():
            lanes = {lane: self._lanes[lane] for lane in group}
            for lane, started in self._started(lanes).items():
                self.instances[lane] = self._stack.enter_context(started)

    def _started(self, lanes: dict[str, Addresses]) -> dict[str, Instance]:
        seconds = min(duration(self.prove.start_timeout, "start_timeout"), self._deadline.left)
        return instance.start(self.plan, lanes, self._secrets, seconds, self._run)

    def _find_cases(self) -> None:
        if self.prove.requests:
            self._keep(cases(self.prove))
            return
        with self.server.connect() as connection:
            found = discover(self._send, self.prove, connection)
        self.without_request, self.users, self._operations = found.without_request, found.users, found.operations
        self._keep(found.cases)
        if not self.cases and not self.without_request:
            raise StartError(
                "test",
                "it runs, but serves no OpenAPI description, and no requests are configured",
                command=self.plan.start,
                plan=self.plan,
                add=_REQUESTS,
            )

    def _keep(self, found: Iterable[Case]) -> None:
        """Those whose requests can be written; the others are reported as not run, with the reason."""
        for case in found:
            why = problem(case.first) or problem(case.second)
            if why:
                self.without_request.append((case.endpoint, f"{NOT_SENT}{why}"))
            else:
                self.cases.append(case)

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
        self._deadline.check("looking for requests to send")
        port = self.instances[LANES[0]].port
        seconds = min(_ANSWER, self._deadline.left)
        return self.own_database.around(
            request, lambda: self.boundary.send(LANES[0], request, port, seconds).result(seconds + _ANSWER)
        )

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
        row = self._tried(case)
        if row.status == 403 and ADMIN in self.users and case.user != ADMIN:
            promoted = self._tried(case.asked_by(ADMIN, self.users[ADMIN]))
            row = row if promoted.status == 403 else promoted
        return row

    def _tried(self, case: Case) -> Row:
        if self._deadline.is_over:
            return Row(endpoint=case.endpoint, status=None, why=f"not tested: {self._deadline}", case=case)
        response, ended = Response(error="not sent"), ""
        self.own_database.before(case.first)
        try:
            for swapped in (True, False):
                if self._deadline.is_over:
                    break
                trial = self.trials.run({"A": case.first}, serial("A"), swapped=swapped)
                lane, response = next(iter(trial.play.responses.items()), (LANES[0], response))
                seen = trial.observation
                ended = self._ended_by(lane, response)
                self.own_database.after(case.first, response, bool(seen.changes or seen.keys or seen.upstream))
                if ended:
                    break
        except VoidRunError as error:
            return Row(endpoint=case.endpoint, status=error.void.status, why=str(error), case=case)
        reason = ended or why(response, self.instances[LANES[0]].output, case.first)
        return Row(endpoint=case.endpoint, status=response.status, why=reason, case=case)

    def _ended_by(self, lane: str, response: Response) -> str:
        """How the instance `lane` ended over a request, with its last error; "" when it goes on. Starts it again."""
        asked = self.instances[lane]
        if asked.goes_on(_DYING if response.status is None else 0.0):
            return ""
        last = complaint(asked.output())
        self.revive()
        self.trials.discard()
        when = f"it answered {response.status}, and then the application ended" if response.status else _ENDED
        return f"{when}: {last or 'it printed nothing'}"
