"""Brings the database to life before the application starts: setup commands, then seeds."""

from __future__ import annotations

from pathlib import Path

from looktwice.core.files import UnreadableError, read_bytes
from looktwice.prove.app.environment import Secrets, environment
from looktwice.prove.app.failure import StartError
from looktwice.prove.app.instance import launch, owner_of
from looktwice.prove.app.plan import Addresses, Command, Plan
from looktwice.prove.app.process import temporary_home
from looktwice.prove.app.sources.text import text_of

_LARGEST_SCRIPT = 500_000_000  # bytes of one SQL file
_LONGEST = 120.0  # seconds for one command


def set_up(plan: Plan, addresses: Addresses, secret: Secrets) -> None:
    """Run the plan's set-up: commands and SQL files, in their order.

    addresses: the database itself, not a proxy: nothing here is judged. Raises StartError.
    """
    _run(plan, plan.setup, addresses, secret, "set up")


def seed(plan: Plan, addresses: Addresses, secret: Secrets) -> None:
    """Run the plan's seeds. Raises StartError."""
    _run(plan, plan.seed, addresses, secret, "seed")


def can_seed(plan: Plan, addresses: Addresses) -> bool:
    """Whether the seeds fit before the application has started: there are tables, or the seeds make them."""
    import psycopg

    if any("CREATE TABLE" in _text(plan, command).upper() for command in plan.seed):
        return True
    with psycopg.connect(addresses.database) as connection:
        row = connection.execute("SELECT count(*) FROM pg_class WHERE relkind = 'r' AND oid >= 16384").fetchone()
        return bool(row and row[0])


def _run(plan: Plan, commands: tuple[Command, ...], addresses: Addresses, secret: Secrets, step: str) -> None:
    for command in commands:
        if _is_script(command):
            _execute_file(plan, command, addresses.database, step)
        else:
            _execute(plan, command, addresses, secret, step)


def _is_script(command: Command) -> bool:
    return len(command.words) == 1 and command.words[0].endswith(".sql")


def _text(plan: Plan, command: Command) -> str:
    path = plan.root / command.directory / command.words[0]
    return text_of(path) if _is_script(command) else ""


def _execute(plan: Plan, command: Command, addresses: Addresses, secret: Secrets, step: str) -> None:
    account = owner_of(plan)
    home = temporary_home(account)
    process = launch(plan, command, list(command.words), environment(plan, addresses, secret, home), home, account)
    try:
        status = process.wait(_LONGEST)
        if status != 0:
            why = f"it ended with status {status}" if status is not None else f"it took longer than {_LONGEST:.0f} s"
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


def _execute_file(plan: Plan, command: Command, database: str, step: str) -> None:
    import psycopg

    path: Path = plan.root / command.directory / command.words[0]
    try:
        script = read_bytes(path, _LARGEST_SCRIPT).decode("utf-8-sig")
    except (UnreadableError, UnicodeDecodeError) as error:
        why = error.why if isinstance(error, UnreadableError) else "it is not UTF-8 text"
        raise StartError(step, f"cannot read {command.words[0]}: {why}", command=command, plan=plan) from None
    try:
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(script.encode())  # bytes: no placeholders, several statements in one message
    except psycopg.Error as error:
        message = str(error).strip()
        raise StartError(
            step, "PostgreSQL refused a statement of this file", command=command, output=message, plan=plan
        ) from None
