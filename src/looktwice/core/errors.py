"""Errors shown to the user: what was being done, to what, why it failed, what to do next."""

from __future__ import annotations


class LooktwiceError(Exception):
    """An error that the user can act on. The command line prints it, and nothing else, and exits with 2.

    what: what was being done, with the path or name concerned.
    why:  the reason, in one sentence.
    next: what to do about it.
    """

    def __init__(self, what: str, why: str = "", next: str = "") -> None:
        super().__init__(what)
        self.what, self.why, self.next = what, why, next

    def __str__(self) -> str:
        """What the person reads. Names, and what other programs printed, stand in it: it is safe for a terminal. What
        it is about stays on one line, and no line of the reason can be taken for one of ours."""
        from looktwice.core.visible import block, line

        text = line(self.what) + (f": {_indented(block(self.why))}" if self.why else "")
        return f"{text}\n{_indented(block(self.next))}" if self.next else text


def _indented(text: str) -> str:
    """Further lines begin with two blanks at least."""
    first, *rest = text.split("\n")
    return "\n".join([first, *(it if it.startswith("  ") or not it else f"  {it}" for it in rest)])


class ConfigurationError(LooktwiceError):
    """`looktwice.toml` or a command-line option holds an invalid value."""


class MissingExtraError(LooktwiceError):
    """A command needs an extra that is not installed."""

    def __init__(self, command: str, extra: str, module: str) -> None:
        from looktwice.core.installing import advice

        super().__init__(
            f"`looktwice {command}` needs the extra `{extra}`",
            f"the package `{module}` is not installed",
            advice(extra),
        )
