"""Brings the database to life before the application starts: setup commands, then seeds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING, Any

from looktwice.core.event import Executing
from looktwice.core.files import UnreadableError, read_bytes
from looktwice.prove.app import missing
from looktwice.prove.app.accounts import account_for
from looktwice.prove.app.environment import Secrets, environment
from looktwice.prove.app.failure import StartError
from looktwice.prove.app.instance import launch, shown
from looktwice.prove.app.isolation import Attempt, attempts
from looktwice.prove.app.plan import Addresses, Command, Plan
from looktwice.prove.app.sources.text import text_of
from looktwice.prove.guardian.child_process import Account
from looktwice.prove.guardian.run import Run, ended

if TYPE_CHECKING:
    import psycopg

_LARGEST_SCRIPT = 500_000_000  # bytes of one SQL file


def set_up(
    run: Run, plan: Plan, addresses: Addresses, secret: Secrets, seconds: float, refused: list[Attempt]
) -> Iterator[Executing]:
    """Run the plan's set-up: commands and SQL files, in their order; each is shown before it runs.

    addresses: the database itself, not a proxy: nothing here is judged. seconds: how long each may take. refused: takes
    what they failed to reach. Raises StartError.
    """
    return _run(run, plan, plan.setup, addresses, secret, seconds, refused, "set up")


def seed(
    run: Run, plan: Plan, addresses: Addresses, secret: Secrets, seconds: float, refused: list[Attempt]
) -> Iterator[Executing]:
    """Run the plan's seeds, as `set_up` does its commands. Raises StartError."""
    return _run(run, plan, plan.seed, addresses, secret, seconds, refused, "seed")


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
    refused: list[Attempt],
    step: str,
) -> Iterator[Executing]:
    for command in commands:
        if _is_script(command):
            yield shown(step, command)
            _execute_file(plan, command, addresses.database, seconds, step)
        else:
            yield shown(step, command, account_for(plan))
            _execute(run, plan, command, addresses, secret, seconds, refused, step)


def _is_script(command: Command) -> bool:
    return len(command.words) == 1 and command.words[0].endswith(".sql")


def _text(plan: Plan, command: Command) -> str:
    path = plan.root / command.directory / command.words[0]
    return text_of(path) if _is_script(command) else ""


def _execute(
    run: Run,
    plan: Plan,
    command: Command,
    addresses: Addresses,
    secret: Secrets,
    seconds: float,
    refused: list[Attempt],
    step: str,
) -> None:
    account = account_for(plan)
    home = run.folder(account)
    variables = environment(plan, addresses, secret, home)
    process = launch(run, plan, command, list(command.words), variables, home, account, addresses)
    try:
        status = process.wait(seconds)
        refused += attempts(process.control)
        if status != 0:
            why = f"it {ended(status)}" if status is not None else _too_long(seconds)
            output = process.output()
            raise StartError(
                step,
                why + _for_want_of_rights(plan, account, output),
                command=command,
                output=output,
                plan=plan,
                refused=attempts(process.control),
                add='[prove]\nsetup = ["the commands that create the tables"]',
                advice=missing.advice(plan, command, output),
            )
    finally:
        process.close()


def _for_want_of_rights(plan: Plan, account: Account, output: str) -> str:
    """A sentence about an account that may not write where the command wants to, "" when nothing looks like that."""
    if account.uid is None or not re.search(r"EACCES|EPERM|[Pp]ermission denied|not permitted", output):
        return ""
    return (
        f"; it ran as {account.name}, as the application does, and may not have been allowed to write in {plan.root}: "
        "run it beforehand, or run looktwice as the user whose files these are"
    )


def _too_long(seconds: float) -> str:
    return f"it took longer than {seconds:g} s; give it more with setup_timeout"


def _execute_file(plan: Plan, command: Command, database: str, seconds: float, step: str) -> None:
    import psycopg

    path: Path = plan.root / command.directory / command.words[0]
    try:
        script = read_bytes(path, _LARGEST_SCRIPT).decode("utf-8-sig")
    except (UnreadableError, UnicodeDecodeError) as error:
        why = error.why if isinstance(error, UnreadableError) else "it is not UTF-8 text"
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
