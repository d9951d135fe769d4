import { db } from "../database.ts";
import { conflict, notFound } from "../errors.ts";
import type { Candidate } from "../generated/client.ts";
import type { CandidateUpdates } from "../schemas.ts";
import { ats } from "./ats.ts";

/** One page of an agency's candidates, each with the jobs they applied for. */
export async function listCandidates(agencyId: string, take: number, skip: number) {
  const candidates = await db.candidate.findMany({ where: { agencyId }, orderBy: { name: "asc" }, take, skip });
  const result = [];
  for (const candidate of candidates) {
    const applications = await db.application.findMany({
      where: { candidateId: candidate.id },
      include: { job: true },
    });
    result.push({ ...candidate, jobs: applications.map((application) => application.job.title) });
  }
  return result;
}

export async function getCandidate(id: string): Promise<Candidate> {
  const candidate = await db.candidate.findUnique({ where: { id } });
  if (!candidate) throw notFound("Candidate");
  return candidate;
}

/** Throws 404 unless the candidate belongs to the agency. */
export async function requireCandidate(agencyId: string, id: string): Promise<Candidate> {
  const candidate = await db.candidate.findFirst({ where: { id, agencyId } });
  if (!candidate) throw notFound("Candidate");
  return candidate;
}

/** Adds a candidate, here and in the ATS. An e-mail address is unique within an agency. */
export async function createCandidate(agencyId: string, name: string, email: string): Promise<Candidate> {
  const existing = await db.candidate.findFirst({ where: { agencyId, email } });
  if (existing) throw conflict("A candidate with this e-mail address already exists");

  const candidate = await db.candidate.create({ data: { agencyId, name, email } });
  await ats.createCandidate(candidate.id, candidate);
  return candidate;
}

/** Merges updates into a candidate and sends the result to the ATS. New tags are added to the existing ones. */
export async function syncCandidate(agencyId: string, id: string, updates: CandidateUpdates): Promise<Candidate> {
  const existing = await requireCandidate(agencyId, id);
  const tags = [...new Set([...existing.tags, ...(updates.tags ?? [])])];
  const merged = { ...existing, ...updates, tags, updatedAt: new Date() };

  const saved = await db.candidate.update({ where: { id }, data: merged });
  await ats.updateCandidate(id, saved);
  return saved;
}

/** Adds a rating and returns the new average. */
export async function rateCandidate(agencyId: string, id: string, stars: number): Promise<number> {
  const candidate = await requireCandidate(agencyId, id);
  const ratingSum = candidate.ratingSum + stars;
  const ratingCount = candidate.ratingCount + 1;
  await db.candidate.update({ where: { id: candidate.id }, data: { ratingSum, ratingCount } });
  return ratingSum / ratingCount;
}

/** Removes a candidate with everything that belongs to them. */
export async function deleteCandidate(agencyId: string, id: string): Promise<void> {
  const candidate = await requireCandidate(agencyId, id);
  await db.$transaction([
    db.note.deleteMany({ where: { candidateId: candidate.id } }),
    db.application.deleteMany({ where: { candidateId: candidate.id } }),
    db.candidate.delete({ where: { id: candidate.id } }),
  ]);
  await ats.deleteCandidate(candidate.id).catch(() => {});
}

export async function addNote(agencyId: string, id: string, author: string, text: string) {
  const candidate = await requireCandidate(agencyId, id);
  return db.note.create({ data: { candidateId: candidate.id, author, text } });
}
