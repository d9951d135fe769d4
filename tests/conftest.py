"""For all tests: an example of a property may take as long as it needs, for other programs may keep the cores busy;
and orphaned processes can be adopted."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import settings

PR_SET_CHILD_SUBREAPER = 36

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture
def adopting() -> Iterator[None]:
    """Whatever loses its parent becomes a child of the tests until this one is over, so that it can be counted."""
    if not sys.platform.startswith("linux"):
        pytest.skip("not run: processes are counted in /proc")
    assert ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    yield
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
    with suppress(ChildProcessError):  # those that have ended and nobody has waited for
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
