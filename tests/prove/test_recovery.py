"""Ways back to an application that answers: what is tried, in which order, and for how long."""

from __future__ import annotations

import pytest

from looktwice.prove.run.recovery import Recovery
from looktwice.prove.run.void import Cause, Void, VoidRunError


class Application:
    """An application that recovers by the remedies it is given."""

    def __init__(self, cure: str, has_users: bool = True) -> None:
        self.cure, self.has_users = cure, has_users
        self.done: list[str] = []

    def restart(self) -> None:
        self.done.append("restart")

    def sign_in_again(self) -> bool:
        self.done.append("sign in")
        return self.has_users

    def sleep(self, seconds: float) -> None:
        self.done.append(f"wait {seconds:.0f}")

    def check(self) -> Void | None:
        return None if self.done[-1].startswith(self.cure) else VOID

    def recovery(self) -> Recovery:
        return Recovery(self, sleep=self.sleep)


VOID = Void(cause=Cause.RATE_LIMITED, why="it is answered 429")


def void(cause: Cause, wait: float = 0.0) -> Void:
    return Void(cause=cause, why="", wait=wait)


@pytest.mark.parametrize(
    ("found", "cure", "done"),
    [
        (void(Cause.RATE_LIMITED), "restart", ["restart"]),
        (void(Cause.RATE_LIMITED), "wait", ["restart", "wait 61"]),
        (void(Cause.RATE_LIMITED, 5), "wait", ["restart", "wait 61"]),  # what is left says nothing of when
        (void(Cause.LOGGED_OUT), "sign in", ["sign in"]),
        (void(Cause.LOCKED_OUT), "restart", ["sign in", "restart"]),
        (void(Cause.LOCKED_OUT), "wait", ["sign in", "restart", "wait 61"]),
        (void(Cause.CHANGED), "restart", ["sign in", "restart"]),
    ],
)
def test_remedies_in_their_order(found, cure, done):
    application = Application(cure)
    application.recovery().until_good(found, application.check)
    assert application.done == done


@pytest.mark.parametrize("cause", Cause)
def test_what_nothing_helps_against_is_an_error(cause):
    application = Application("never")
    with pytest.raises(VoidRunError, match="429"):
        application.recovery().until_good(void(cause), application.check)


def test_there_is_no_wait_of_an_hour():
    application = Application("wait")
    with pytest.raises(VoidRunError):
        application.recovery().until_good(void(Cause.RATE_LIMITED, 3600), lambda: void(Cause.RATE_LIMITED, 3600))
    assert application.done == ["restart"]


def test_there_is_no_endless_wait():
    application = Application("wait")
    recovery = application.recovery()
    for _ in range(3):
        recovery.until_good(VOID, application.check)
    with pytest.raises(VoidRunError):
        recovery.until_good(VOID, application.check)
    assert sum(word.startswith("wait") for word in application.done) == 3


def test_what_did_not_help_before_is_not_tried_again():
    application = Application("wait")
    recovery = application.recovery()
    for _ in range(3):
        recovery.until_good(VOID, application.check)
    assert application.done == ["restart", "wait 61", "restart", "wait 61", "wait 61"]


def test_who_has_no_users_signs_nobody_in():
    application = Application("sign in", has_users=False)
    with pytest.raises(VoidRunError):
        application.recovery().until_good(void(Cause.LOGGED_OUT), lambda: VOID)
    assert application.done == ["sign in", "restart"]
