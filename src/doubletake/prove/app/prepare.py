"""Brings the database to life before the application starts: setup commands, then seeds."""

from __future__ import annotations

from pathlib import Path

from doubletake.prove.app.environment import Secrets, environment
from doubletake.prove.app.failure import StartError
from doubletake.prove.app.instance import account_for, launch
from doubletake.prove.app.plan import Addresses, Command, Plan
from doubletake.prove.app.process import temporary_home

_LONGEST = 120.0  # seconds for one command


def prepare(plan: Plan, addresses: Addresses, secret: Secrets) -> None:
    """Run the plan's setup commands and seeds, in their order.

    addresses: the database itself, not a proxy: nothing here is judged. Raises StartError.
    """
    for step, commands in (("set up", plan.setup), ("seed", plan.seed)):
        for command in commands:
            if len(command.words) == 1 and command.words[0].endswith(".sql"):
                _execute_file(plan, command, addresses.database, step)
            else:
                _execute(plan, command, addresses, secret, step)


def _execute(plan: Plan, command: Command, addresses: Addresses, secret: Secrets, step: str) -> None:
    account = account_for(plan)
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
        script = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise StartError(step, f"cannot read {command.words[0]}: {error}", command=command) from None
    try:
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(script.encode())  # bytes: no placeholders, several statements in one message
    except psycopg.Error as error:
        message = str(error).strip()
        raise StartError(
            step, "PostgreSQL refused a statement of this file", command=command, output=message, plan=plan
        ) from None
