"""`python -m looktwice.code PATH [NAME]`: shows what was understood of the code, for developing the analysis.

Lists the handlers with their guards or, for functions whose name contains NAME, their regions and effects with callees.
"""

from __future__ import annotations

import sys
from pathlib import Path

from looktwice.code.build import build
from looktwice.code.ir.common import NONE
from looktwice.code.ir.control import FactKind
from looktwice.code.ir.effects import Effect, Trait
from looktwice.code.ir.summary import FunctionSummary
from looktwice.code.ir.values import Origin, OriginKind, Via
from looktwice.code.program.program import Program
from looktwice.core.visible import line

SUFFIXES = (".py", ".ts", ".tsx", ".js", ".mjs", ".cjs", ".prisma", ".sql", ".toml", ".json")


def main(arguments: list[str]) -> None:
    root = Path(arguments[0])
    files = {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.suffix in SUFFIXES and path.is_file() and not {"node_modules", ".venv", ".git"} & set(path.parts)
    }
    program = build(files)
    if len(arguments) == 1:
        overview(program)
    for name in program.functions:
        if len(arguments) > 1 and arguments[1] in name:
            show(program, name)


def overview(program: Program) -> None:
    for handler in program.handlers:
        guards = ", ".join(f"{guard.name}:{guard.role.name}({guard.known.name})" for guard in handler.guards)
        print(line(f"{handler.kind.name:8} {handler.route:50} {handler.function}  [{guards}]"))
    for key, value in program.statistics().items():
        print(f"{key:60} {value:.3g}")


def show(program: Program, name: str) -> None:
    f = program.expand(name)
    returned = [value(f, n) for n in f.returns]
    print("\n" + line(f"══ {name}({', '.join(f.parameters)}) complete={f.complete} returns={returned}"))
    events = [(each.order, describe(program, f, number, each)) for number, each in enumerate(f.effects)]
    for number, region in enumerate(f.regions):
        tested = value(f, region.value) if region.value != NONE else ""
        holds = region.holds.name if region.fact != NONE else ""
        text = f"  ┌ {number}<{region.parent} {region.kind.name} {holds} {region.detail} {tested}"
        events.append((region.order, text))
    for fact in f.facts:
        if fact.kind in (FactKind.RETURN, FactKind.RAISE):
            events.append((fact.order, f"    {fact.kind.name} {fact.name} in {fact.region}"))
        for atom in fact.tests:
            right = value(f, atom.right) if atom.right != NONE else ""
            events.append((fact.order, f"    TEST {value(f, atom.left)} {atom.op.name} {right}"))
    for _, text in sorted(events, key=lambda each: each[0]):
        print(line(text))


def describe(program: Program, f: FunctionSummary, number: int, each: Effect) -> str:
    where = ", ".join(f"{cond.column} {cond.op.name} {value(f, cond.value)}" for cond in each.where)
    puts = ", ".join(f"{put.column}{'±' if put.relative else ''}={value(f, put.value)}" for put in each.puts)
    traits = "|".join(trait.name or "" for trait in Trait if trait & each.traits)
    args = ", ".join(f"{name}={value(f, number)}" for name, number in each.args)
    from looktwice.code.ir.common import Place

    number_of_line = program.span(Place(each.path, each.start, each.end)).start_line
    return (
        f"  #{number} {each.kind.name} {each.target.name} rows={each.rows.name} "
        f"where({where}) puts({puts}) "
        f"on {value(f, each.handle)} {traits} {each.known.name} args({args}) loads{each.loads} "
        f"r{each.region} {each.path}:{number_of_line}"
    )


def value(f: FunctionSummary, number: int) -> str:
    return " + ".join(origin(f, each) for each in f.values[number]) if number != NONE else "-"


def origin(f: FunctionSummary, each: Origin) -> str:
    named = (OriginKind.CONST, OriginKind.MODULE, OriginKind.FUNCTION, OriginKind.INSTANCE)
    ref = repr(f.constants[each.ref]) if each.kind in named else str(each.ref) if each.ref != NONE else ""
    via = "".join(f"~{flag.name}" for flag in Via if flag & each.via)
    return f"{each.kind.name}[{ref}]{''.join('.' + part for part in each.path)}{via}"


if __name__ == "__main__":
    main(sys.argv[1:])
