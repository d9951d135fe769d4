"""The one screen that a person gets when the application could not be started."""

from __future__ import annotations

from collections.abc import Sequence

from looktwice.core.errors import LooktwiceError
from looktwice.prove.app.plan import Command, Plan
from looktwice.prove.sandbox.attempt import Attempt


class StartError(LooktwiceError):
    """The application could not be brought to life. `step` is what was being done ("start", "setup", "seed" …)."""

    def __init__(
        self,
        step: str,
        why: str,
        *,
        command: Command | None = None,
        output: str = "",
        plan: Plan | None = None,
        refused: Sequence[Attempt] = (),
        add: str = "",
        advice: str = "",
    ) -> None:
        """add: what to put into looktwice.toml. advice: what to do instead, when it is known."""
        self.step, self.command, self.output, self.plan, self.add = step, command, output, plan, add
        self.refused = refused
        super().__init__(f"cannot {step} the application", self._explain(why), advice or self._advice())

    def _explain(self, why: str) -> str:
        parts = [why]
        if self.command is not None:
            parts.append(f"  command  {self.command}   ({self.command.origin})")
        if self.output:
            parts += ["  output", *(f"    {line}" for line in self.output.splitlines()[-20:])]
        if self.refused:
            parts += ["  refused", *(f"    {it}" for it in self.refused)]
        if self.plan is not None:
            parts += ["  detected", *(f"    {line}" for line in self.plan.detected())]
        return "\n".join(parts)

    def _advice(self) -> str:
        if not self.add:
            return "Fix this and run again."
        return "Add to looktwice.toml:\n" + "\n".join(f"    {line}" for line in self.add.splitlines())
