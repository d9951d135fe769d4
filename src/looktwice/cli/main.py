"""The way into the program: runs a command, and turns whatever stops it into an exit code and a sentence.

Only `sys` and `os` are imported before `main` runs: Ctrl-C is quiet from the first moment on, and no other module is
looked for before the working directory is off the path.
"""

from __future__ import annotations

import errno
import os
import sys

from looktwice.core.isolation import import_path

TYPE_CHECKING = False  # `typing` is not loaded yet
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from click import ClickException

INTERRUPTED, BROKEN_PIPE, NOT_DONE = 130, 141, 2
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; gives the exit code.

    0: nothing at or above the threshold; 1: findings or proofs; 2: the run was not done, or a framework or store was
    not understood; 130, 143, 129: stopped by SIGINT, SIGTERM, SIGHUP.
    """
    sys.unraisablehook = lose_no_interrupt
    have_streams()
    if not is_writable(1):
        complain("cannot write: standard output is not open for writing\nRedirect it to a file that is, and run again.")
        silence_output()
        return NOT_DONE
    try:
        sys.path[:] = import_path()
        from looktwice.cli import stopping

        stopping.listen()
        code = run(arguments)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt as error:
        return code_of_stop(error) or INTERRUPTED
    except BrokenPipeError:
        silence_output()
        return BROKEN_PIPE
    except OSError as error:
        if error.errno not in FULL:
            raise
        silence_output()
        complain(f"cannot write: {(error.strerror or str(error)).lower()}\nMake room and run again.")
        return NOT_DONE
    finally:
        leave_quietly()


def run(arguments: list[str] | None) -> int:
    from click import Abort, ClickException

    from looktwice.cli.group import looktwice
    from looktwice.core.errors import LooktwiceError

    never_fail_on_letters()
    try:
        given = looktwice.main(arguments, prog_name="looktwice", standalone_mode=False)
        return given if isinstance(given, int) else 0
    except LooktwiceError as error:
        print(error, file=sys.stderr)
        return NOT_DONE
    except ClickException as error:
        complain_of_usage(error)
        return NOT_DONE
    except Abort as error:
        return code_of_stop(error) or INTERRUPTED
    except SystemExit:
        raise BrokenPipeError from None  # click leaves this way for a pipe without a reader, and for nothing else
    except (KeyboardInterrupt, BrokenPipeError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in FULL:
            raise
        if code := code_of_stop(error):  # it came of ending what was begun
            return code
        if os.environ.get("LOOKTWICE_DEBUG"):
            raise
        from looktwice.cli import terminal

        terminal.say(own_fault(error))
        return NOT_DONE


def complain(text: str) -> None:
    """Print to standard error, if that can be written to: the exit code says the same, and must not be lost."""
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        silence(sys.stderr)


def complain_of_usage(error: ClickException) -> None:
    """What click says. It may name files that the shell put in the place of a `*`."""
    from looktwice.cli import terminal
    from looktwice.core.visible import line

    if context := getattr(error, "ctx", None):
        terminal.say(f"{context.get_usage()}\nTry '{context.command_path} --help' for help.\n")
    terminal.say(f"Error: {line(error.format_message())}")


def code_of_stop(error: BaseException) -> int:
    """The exit code when a signal has led to the error, 0 when none has."""
    from looktwice.cli.stopping import Stopped

    at: BaseException | None = error
    while at is not None and not isinstance(at, Stopped):
        at = at.__cause__ or at.__context__
    return at.code if at is not None else 0


def own_fault(error: Exception) -> str:
    """One line for a fault of ours: what it was, where, and what to do with it."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    where = f" ({os.path.basename(frame.tb_frame.f_code.co_filename)}:{frame.tb_lineno})" if frame else ""
    message = " ".join(str(error).split())[:300]
    return (
        f"looktwice stopped on an internal error: {type(error).__name__}{': ' + message if message else ''}{where}. "
        f"Please report it to the project, with what LOOKTWICE_DEBUG=1 shows."
    )


def lose_no_interrupt(lost: sys.UnraisableHookArgs) -> None:
    """Ctrl-C that fell into a callback of the interpreter, where nothing can be raised, is raised a moment later."""
    import signal

    if not issubclass(lost.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(lost)
    elif hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, raising(lost.exc_value))
        signal.setitimer(signal.ITIMER_REAL, 0.001)


def raising(error: BaseException | None) -> Callable[[int, object], None]:
    """A handler of a signal that raises the error, an ordinary interrupt when there is none."""

    def handler(number: int, frame: object) -> None:
        raise error or KeyboardInterrupt

    return handler


def have_streams() -> None:
    """Whoever started us may have closed the standard streams. Their numbers must not become those of our own files,
    and what we print then goes nowhere."""
    import io

    for number in range(3):
        if not is_open(number) or (number == 2 and not is_writable(number)):
            reading, writing = os.pipe()  # there may be no /dev/null; one of the two has the number now
            os.set_blocking(writing, False)
            os.dup2(reading if number == 0 else writing, number)
            if number == 2:
                sys.stderr = io.StringIO()
    sys.stdout = sys.stdout or io.StringIO()
    sys.stderr = sys.stderr or io.StringIO()


def is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def is_writable(number: int) -> bool:
    """Whether a descriptor was opened for writing: `1<file` gives one that was not."""
    try:
        import fcntl

        return fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY
    except (ImportError, OSError):
        return True


def never_fail_on_letters() -> None:
    """A terminal that cannot show a letter gets its escape, not an error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def silence_output() -> None:
    """The reader is gone: what Python still flushes at exit is discarded."""
    silence(sys.stdout)


def silence(stream: TextIO) -> None:
    _, writing = os.pipe()  # there may be no /dev/null; what is left is less than a pipe holds
    os.dup2(writing, stream.fileno())


def leave_quietly() -> None:
    """From here on only the interpreter cleans up; a second Ctrl-C must not interrupt that."""
    import signal
    import threading

    if threading.current_thread() is threading.main_thread():
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), signal.SIG_IGN)
