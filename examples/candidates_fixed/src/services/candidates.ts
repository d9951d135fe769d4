import { db } from "../database.ts";
import { conflict, isDuplicate, notFound } from "../errors.ts";
import type { Candidate } from "../generated/client.ts";
import type { CandidateUpdates } from "../schemas.ts";

/** One page of an agency's candidates, each with the jobs they applied for. */
export async function listCandidates(agencyId: string, take: number, skip: number) {
  const candidates = await db.candidate.findMany({
    where: { agencyId },
    include: { applications: { include: { job: true } } },
    orderBy: { name: "asc" },
    take,
    skip,
  });
  return candidates.map(({ applications, ...candidate }) => ({
    ...candidate,
    jobs: applications.map((application) => application.job.title),
  }));
}

/** Throws 404 unless the candidate belongs to the agency. */
export async function requireCandidate(agencyId: string, id: string): Promise<Candidate> {
  const candidate = await db.candidate.findFirst({ where: { id, agencyId } });
  if (!candidate) throw notFound("Candidate");
  return candidate;
}

/** Adds a candidate and has it sent to the ATS. An e-mail address is unique within an agency. */
export async function createCandidate(agencyId: string, name: string, email: string): Promise<Candidate> {
  try {
    return await db.$transaction(async (tx) => {
      const candidate = await tx.candidate.create({ data: { agencyId, name, email } });
      await tx.atsChange.create({ data: { candidateId: candidate.id } });
      return candidate;
    });
  } catch (error) {
    if (isDuplicate(error)) throw conflict("A candidate with this e-mail address already exists");
    throw error;
  }
}

/** Merges updates into a candidate and has it sent to the ATS. New tags are added to the existing ones. */
export async function syncCandidate(agencyId: string, id: string, updates: CandidateUpdates): Promise<Candidate> {
  try {
    return await db.$transaction(async (tx) => {
      await tx.$queryRaw`SELECT id FROM "Candidate" WHERE id = ${id} AND "agencyId" = ${agencyId} FOR UPDATE`;
      const existing = await tx.candidate.findFirst({ where: { id, agencyId } });
      if (!existing) throw notFound("Candidate");
      const tags = [...new Set([...existing.tags, ...(updates.tags ?? [])])];

      const saved = await tx.candidate.update({ where: { id }, data: { ...updates, tags } });
      await tx.atsChange.create({ data: { candidateId: id } });
      return saved;
    });
  } catch (error) {
    if (isDuplicate(error)) throw conflict("A candidate with this e-mail address already exists");
    throw error;
  }
}

/** Adds a rating and returns the new average. */
export async function rateCandidate(agencyId: string, id: string, stars: number): Promise<number> {
  const candidate = await requireCandidate(agencyId, id);
  const { ratingSum, ratingCount } = await db.candidate.update({
    where: { id: candidate.id },
    data: { ratingSum: { increment: stars }, ratingCount: { increment: 1 } },
  });
  return ratingSum / ratingCount;
}

/** Removes a candidate with everything that belongs to them, and has the ATS updated. */
export async function deleteCandidate(agencyId: string, id: string): Promise<void> {
  const candidate = await requireCandidate(agencyId, id);
  await db.$transaction(async (tx) => {
    await tx.note.deleteMany({ where: { candidateId: candidate.id } });
    await tx.application.deleteMany({ where: { candidateId: candidate.id } });
    const { count } = await tx.candidate.deleteMany({ where: { id: candidate.id } });
    if (count === 0) throw notFound("Candidate");
    await tx.atsChange.create({ data: { candidateId: candidate.id } });
  });
}

export async function addNote(agencyId: string, id: string, author: string, text: string) {
  const candidate = await requireCandidate(agencyId, id);
  return db.note.create({ data: { candidateId: candidate.id, author, text } });
}
