"""Brings the database to life before the application starts: setup commands, then seeds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING, Any

from looktwice.prove.app.environment import Secrets, environment
from looktwice.prove.app.failure import StartError
from looktwice.prove.app.instance import account_for, launch
from looktwice.prove.app.plan import Addresses, Command, Plan
from looktwice.prove.guardian.run import Run, ended

if TYPE_CHECKING:
    import psycopg


def set_up(run: Run, plan: Plan, addresses: Addresses, secret: Secrets, seconds: float) -> None:
    """Run the plan's set-up: commands and SQL files, in their order.

    addresses: the database itself, not a proxy: nothing here is judged. seconds: how long each may take. Raises
    StartError.
    """
    _run(run, plan, plan.setup, addresses, secret, seconds, "set up")


def seed(run: Run, plan: Plan, addresses: Addresses, secret: Secrets, seconds: float) -> None:
    """Run the plan's seeds, each within so many seconds. Raises StartError."""
    _run(run, plan, plan.seed, addresses, secret, seconds, "seed")


def can_seed(plan: Plan, addresses: Addresses) -> bool:
    """Whether the seeds fit before the application has started: there are tables, or the seeds make them."""
    import psycopg

    if any("CREATE TABLE" in _text(plan, command).upper() for command in plan.seed):
        return True
    with psycopg.connect(addresses.database) as connection:
        row = connection.execute("SELECT count(*) FROM pg_class WHERE relkind = 'r' AND oid >= 16384").fetchone()
        return bool(row and row[0])


def _run(
    run: Run,
    plan: Plan,
    commands: tuple[Command, ...],
    addresses: Addresses,
    secret: Secrets,
    seconds: float,
    step: str,
) -> None:
    for command in commands:
        if _is_script(command):
            _execute_file(plan, command, addresses.database, seconds, step)
        else:
            _execute(run, plan, command, addresses, secret, seconds, step)


def _is_script(command: Command) -> bool:
    return len(command.words) == 1 and command.words[0].endswith(".sql")


def _text(plan: Plan, command: Command) -> str:
    path = plan.root / command.directory / command.words[0]
    return path.read_text("utf-8", "replace") if _is_script(command) and path.is_file() else ""


def _execute(
    run: Run, plan: Plan, command: Command, addresses: Addresses, secret: Secrets, seconds: float, step: str
) -> None:
    account = account_for(plan)
    home = run.folder(account)
    variables = environment(plan, addresses, secret, home)
    process = launch(run, plan, command, list(command.words), variables, home, account, addresses)
    try:
        status = process.wait(seconds)
        if status != 0:
            why = f"it {ended(status)}" if status is not None else _too_long(seconds)
            raise StartError(
                step,
                why,
                command=command,
                output=process.output(),
                plan=plan,
                add='[prove]\nsetup = ["the commands that create the tables"]',
            )
    finally:
        process.close()


def _too_long(seconds: float) -> str:
    return f"it took longer than {seconds:g} s; give it more with setup_timeout"


def _execute_file(plan: Plan, command: Command, database: str, seconds: float, step: str) -> None:
    import psycopg

    path: Path = plan.root / command.directory / command.words[0]
    try:
        script = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = (error.strerror or str(error)).lower() if isinstance(error, OSError) else "it is not UTF-8 text"
        raise StartError(step, f"cannot read {command.words[0]}: {why}", command=command, plan=plan) from None
    try:
        with (
            psycopg.connect(database, autocommit=True, connect_timeout=10) as connection,
            _limited(connection, seconds),
        ):
            connection.execute(script.encode())  # bytes: no placeholders, several statements in one message
    except psycopg.errors.QueryCanceled:
        raise StartError(step, _too_long(seconds), command=command, plan=plan) from None
    except psycopg.Error as error:
        message = str(error).strip()
        raise StartError(
            step, "PostgreSQL refused a statement of this file", command=command, output=message, plan=plan
        ) from None


@contextmanager
def _limited(connection: psycopg.Connection[Any], seconds: float) -> Iterator[None]:
    """Cancel what the connection runs when it takes too long. A time-out of the server's would not do: a dump begins by
    switching it off."""
    timer = Timer(seconds, connection.cancel)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
