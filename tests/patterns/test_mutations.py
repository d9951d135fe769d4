"""Remove the protection from a good program, and the pattern must be found.

A page's good programs show that a protection is recognised. Here the protection is removed: a detector that does not
see the program at all would report nothing, and the page's test would pass for the wrong reason.
"""

from __future__ import annotations

import re

import pytest

from looktwice.audit import audit_sources
from looktwice.core.finding import Confidence
from looktwice.patterns.catalogue import catalogue
from looktwice.patterns.fences import Kind
from looktwice.patterns.programs import Program

MUTATIONS = {  # code → (pattern of the removed text, its replacement)
    "LT108": [
        (r", Note\.user_id == user\.id", ""),
        (r" or note\.user_id != user\.id", ""),
        (r", userId: req\.user!\.id(?= \} \}\);)", ""),
        (r" \|\| invoice\.userId !== req\.user!\.id", ""),
        (r"userId: req\.user!\.id, cents", "userId: req.body.userId, cents"),
        (r"requireUser, requireAdmin,", "requireUser,"),
        (r', dependencies=\[Depends\(admin\)\]', ""),
    ],
    "LT201": [(r'raise RuntimeError\(f"order \{order_id\} is not cancelled"\) from error', "pass")],
    "LT301": [
        (r"\.with_for_update\(\)", ""),
        (r"    session\.refresh\(wallet, with_for_update=True\)\n", ""),
        (r"    await tx\.\$queryRaw`SELECT id FROM \"Member\" WHERE id = \$\{id\} FOR UPDATE`;\n", ""),
        (r"        conn\.execute\(\"SELECT pg_advisory_xact_lock\(%s\)\", \(member_id,\)\)\n", ""),
        (r", version: seen\.version", ""),
        (r"        \{ isolationLevel: [^}]*\},\n", ""),
        (r'    __mapper_args__ = \{"version_id_col": version\}\n', ""),
    ],
    "LT302": [
        (r"    session\.execute\(select\(func\.pg_advisory_xact_lock\(course_id\)\)\)\n", ""),
        (r"(?s)(if session\.scalar.*?)except IntegrityError:", r"\1except KeyError:"),
    ],
    "LT303": [
        (r"\.with_for_update\(\)", ""),
        (r"(?s)(left`.*?), stock: \{ gte: quantity \} \},", r"\1 },"),
        (r"    await tx\.\$executeRaw`SELECT pg_advisory_xact_lock\(hashtext\(\$\{senderId\}\)\)`;\n", ""),
    ],
    "LT401": [
        (r"\.options\((joined|selectin)load\(Post\.author\)\)", ""),
        (r'\["retail", "wholesale", "export"\]', "(await prisma.customer.findMany()).map((each) => each.id)"),
    ],
    "LT601": [
        (r", timeout=\(2, 5\)", ""),
        (r", \{ signal: AbortSignal\.timeout\(5_000\) \}", ""),
        (r", headers, signal \}", ", headers }"),
        (r'        options\.setdefault\("timeout", \(2, 10\)\)\n(.*)url, \*\*options\)', r"\1url)"),
        (r"httpx\.Timeout\(10, connect=2\)", "None"),
    ],
    "LT605": [
        (r", headers=\{\"Idempotency-Key\": f\"order-\{order\.id\}\"\}", ""),
        (r'Order\.status == "paying"\)\.limit', 'Order.status == "other").limit'),
        (r"    await prisma\.candidate\.update\(\{ where: \{ id \}, data: \{ stage: before\.stage \} \}\);\n", ""),
    ],
    "LT607": [
        (r", headers=\{\"Idempotency-Key\": f\"payout-\{payout_id\}\"\}", ""),
        (r"    headers: \{ \"Idempotency-Key\": key \},\n", ""),
        (r"      await tx\.seenEvent\.create\(\{ data: \{ id: String\(event\.id\) \} \}\);\n", ""),
    ],
}  # fmt: skip

GOOD = [
    program
    for pattern in catalogue().patterns
    for program in catalogue().programs(pattern)
    if program.kind is Kind.GOOD and program.code in MUTATIONS
]


def mutants() -> list[tuple[str, str, Program, dict[str, str]]]:
    """Each mutation with every good program of its page that it changes."""
    found = []
    for program in GOOD:
        for old, new in MUTATIONS[program.code]:
            files = {file.path: re.sub(old, new, file.text) for file in program.files}
            if any(files[file.path] != file.text for file in program.files):
                found.append((f"{program.code}-{program.language}-line{program.line}-{old[:30]}", old, program, files))
    return found


MUTANTS = mutants()


@pytest.mark.parametrize(("program", "files"), [each[2:] for each in MUTANTS], ids=[each[0] for each in MUTANTS])
def test_a_program_without_its_protection_is_found(program: Program, files: dict[str, str]) -> None:
    findings = audit_sources(files, system=program.system)
    assert any(it.code == program.code and it.confidence is not Confidence.LOW for it in findings), "\n".join(
        [*files.values(), *(f"{it.code} {it.confidence} {it.because}" for it in findings)]
    )


def test_every_mutation_applies_to_a_program() -> None:
    applied = {old for _, old, _, _ in MUTANTS}
    assert [old for each in MUTATIONS.values() for old, _ in each if old not in applied] == []
