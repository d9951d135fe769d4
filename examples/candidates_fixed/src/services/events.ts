import { db } from "../database.ts";
import { isDuplicate } from "../errors.ts";
import type { AtsEvent } from "../schemas.ts";

/** Applies an event that the ATS reports to us, once, however often it is delivered. */
export async function applyEvent(event: AtsEvent): Promise<void> {
  if (event.type !== "interview.completed") return;
  try {
    await db.$transaction([
      db.atsEvent.create({ data: { id: event.id } }),
      db.candidate.update({ where: { id: event.candidateId }, data: { interviews: { increment: 1 } } }),
      db.note.create({ data: { candidateId: event.candidateId, author: "ATS", text: "Interview completed" } }),
    ]);
  } catch (error) {
    if (!isDuplicate(error)) throw error;
  }
}
