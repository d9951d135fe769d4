import { db } from "./database.ts";
import { ats } from "./services/ats.ts";

/** Sends the current state of every changed candidate to the ATS. Safe to run twice. */
export async function sendChanges(): Promise<number> {
  const changes = await db.atsChange.findMany({ orderBy: { id: "asc" }, take: 100 });
  const candidates = await db.candidate.findMany({ where: { id: { in: changes.map((change) => change.candidateId) } } });
  const byId = new Map(candidates.map((candidate) => [candidate.id, candidate]));
  for (const { id, candidateId } of changes) {
    const candidate = byId.get(candidateId);
    if (candidate) await ats.putCandidate(candidateId, candidate);
    else await ats.deleteCandidate(candidateId);
    await db.atsChange.deleteMany({ where: { id } });
  }
  return changes.length;
}

if (import.meta.main) {
  await sendChanges();
  await db.$disconnect();
}
