"""Who executes the commands of the project: an unprivileged user, where we are root and its files allow that."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from looktwice.core.files import UnreadableError, read_start
from looktwice.core.isolation import program_path
from looktwice.prove.app.plan import Plan
from looktwice.prove.guardian.child_process import Account


def owner_of(plan: Plan) -> Account:
    """The owner of the project when we are root: a build writes there. Ourselves otherwise."""
    account = Account()
    if account.uid is not None:
        owner = plan.root.stat()
        account.uid, account.gid = (owner.st_uid, owner.st_gid) if owner.st_uid else (None, None)
    return account


def account_for(plan: Plan) -> Account:
    """Who runs the application when we are root: the project's owner, else an unprivileged user if that one can read
    the project and its interpreters, else root."""
    owner = owner_of(plan)
    if owner.uid is not None:
        return owner
    account = Account()
    path = os.pathsep.join((*plan.search_path, program_path()))
    commands = (plan.start, *plan.setup, *plan.seed)
    programs = {shutil.which(command.words[0], path=path) for command in commands}
    found = [Path(program) for program in programs if program]
    interpreters = [interpreter for program in found if (interpreter := _interpreter(program, path)) is not None]
    needed = (plan.root, *(program.resolve() for program in (*found, *interpreters)))
    with contextlib.suppress(OSError):
        if all(account.can_reach(path) for path in needed):
            return account
    account.uid = account.gid = None
    return account


def _interpreter(program: Path, path: str) -> Path | None:
    """What executes a script, as its first line says; None for a binary."""
    with contextlib.suppress(UnreadableError):  # a named pipe can be executable, too
        first = read_start(program, 200).partition(b"\n")[0]
        if first.startswith(b"#!"):
            words = first[2:].decode("utf-8", "replace").split()
            name = words[1] if len(words) > 1 and words[0].endswith("/env") else words[0] if words else ""
            found = shutil.which(name, path=path)
            return Path(found) if found else None
    return None


def runs_as_root(plan: Plan) -> bool:
    """Whether we are root and the application could not be started as another user."""
    return hasattr(os, "geteuid") and os.geteuid() == 0 and account_for(plan).uid is None
