import { db } from "../database.ts";
import type { AtsEvent } from "../schemas.ts";

/** Applies an event that the ATS reports to us. */
export async function applyEvent(event: AtsEvent): Promise<void> {
  if (event.type !== "interview.completed") return;
  await db.$transaction([
    db.candidate.update({ where: { id: event.candidateId }, data: { interviews: { increment: 1 } } }),
    db.note.create({ data: { candidateId: event.candidateId, author: "ATS", text: "Interview completed" } }),
  ]);
}
