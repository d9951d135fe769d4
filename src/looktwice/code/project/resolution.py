"""Questions that lead to further questions, answered without recursion: imports lead through hundreds of files."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping

Question = tuple[str, str, str]  # its kind, and two words that it is about
Asking = Generator[Question, str, str]  # asks further questions, is sent their answers, and gives its own


class Resolution:
    """Answers to questions, each computed once.

    steps: by the kind of a question, what works it out. A question that turns out to need its own answer gets "" for
    it, so whoever can be led in a circle asks about the whole circle at once: see `circles`.
    """

    def __init__(self, steps: Mapping[str, Callable[[str, str], Asking]]) -> None:
        self._steps = steps
        self._known: dict[Question, str] = {}

    def answer(self, kind: str, first: str, second: str) -> str:
        """The answer to a question."""
        question = (kind, first, second)
        if (known := self._known.get(question)) is None:
            known = self._known[question] = ""
            known = self._known[question] = self.run(self._steps[kind](first, second))
        return known

    def run(self, asking: Asking) -> str:
        """The answer that `asking` comes to."""
        waiting: list[tuple[Question | None, Asking]] = [(None, asking)]
        answer = ""
        is_new = True
        while waiting:
            question, asking = waiting[-1]
            try:
                asked = next(asking) if is_new else asking.send(answer)
            except StopIteration as done:
                answer, is_new = done.value, False
                waiting.pop()
                if question is not None:
                    self._known[question] = answer
                continue
            known = self._known.get(asked)
            is_new = known is None
            if known is None:
                self._known[asked] = ""
                waiting.append((asked, self._steps[asked[0]](asked[1], asked[2])))
            else:
                answer = known
        return answer


def circles(edges: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """By node: the nodes that it leads to and that lead back to it, itself included, in a stable order.

    The strongly connected components of a graph, by Tarjan's algorithm (1972) with a stack of its own.
    """
    found: dict[str, tuple[str, ...]] = {}
    numbers: dict[str, int] = {}
    lowest: dict[str, int] = {}
    path: list[str] = []
    for start in edges:
        if start in numbers:
            continue
        waiting = [(start, iter(tuple(edges[start])))]
        numbers[start] = lowest[start] = len(numbers)
        path.append(start)
        while waiting:
            node, rest = waiting[-1]
            target = next(rest, None)
            if target is None:
                waiting.pop()
                if waiting:
                    lowest[waiting[-1][0]] = min(lowest[waiting[-1][0]], lowest[node])
                if lowest[node] == numbers[node]:
                    circle = [path.pop()]
                    while circle[-1] != node:
                        circle.append(path.pop())
                    found.update(dict.fromkeys(circle, tuple(sorted(circle))))
            elif target not in numbers:
                numbers[target] = lowest[target] = len(numbers)
                path.append(target)
                waiting.append((target, iter(tuple(edges.get(target, ())))))
            elif target not in found:
                lowest[node] = min(lowest[node], numbers[target])
    return found
