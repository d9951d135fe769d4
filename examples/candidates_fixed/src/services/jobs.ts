import { db } from "../database.ts";
import { conflict, isDuplicate, notFound } from "../errors.ts";
import { type Application, type Job, Prisma } from "../generated/client.ts";
import { requireCandidate } from "./candidates.ts";

export async function listJobs(agencyId: string, take: number, skip: number) {
  return db.job.findMany({
    where: { agencyId },
    include: { applications: { include: { candidate: { select: { name: true } } } } },
    orderBy: { title: "asc" },
    take,
    skip,
  });
}

/** Full-text search in the agency's jobs. */
export async function searchJobs(agencyId: string, q: string, sort: "title" | "newest"): Promise<Job[]> {
  const order = sort === "title" ? Prisma.sql`title` : Prisma.sql`id DESC`;
  const pattern = `%${q}%`;
  return db.$queryRaw<Job[]>`
    SELECT * FROM "Job" WHERE "agencyId" = ${agencyId} AND (title ILIKE ${pattern} OR description ILIKE ${pattern})
    ORDER BY ${order} LIMIT 50`;
}

/** Jobs that no longer accept applications. */
export async function fullJobs(agencyId: string): Promise<Job[]> {
  return db.$queryRaw<Job[]>`
    SELECT * FROM "Job" WHERE "agencyId" = ${agencyId} AND "applicationCount" >= "maxApplications" LIMIT 50`;
}

/** Enters a candidate for a job, as long as the job accepts applications. */
export async function apply(agencyId: string, jobId: string, candidateId: string): Promise<Application> {
  const candidate = await requireCandidate(agencyId, candidateId);
  const job = await db.job.findFirst({ where: { id: jobId, agencyId } });
  if (!job) throw notFound("Job");

  try {
    return await db.$transaction(async (tx) => {
      const { count } = await tx.job.updateMany({
        where: { id: job.id, applicationCount: { lt: db.job.fields.maxApplications } },
        data: { applicationCount: { increment: 1 } },
      });
      if (count === 0) throw conflict("This job takes no more applications");
      return tx.application.create({ data: { jobId: job.id, candidateId: candidate.id } });
    });
  } catch (error) {
    if (isDuplicate(error)) throw conflict("This candidate has already applied");
    throw error;
  }
}

const NEXT: Record<string, string[]> = {
  applied: ["interview", "rejected"],
  interview: ["offer", "rejected"],
};

/** Moves an application to its next stage. */
export async function changeStage(agencyId: string, applicationId: string, stage: string): Promise<Application> {
  const application = await db.application.findFirst({ where: { id: applicationId, job: { agencyId } } });
  if (!application) throw notFound("Application");
  if (!NEXT[application.stage]?.includes(stage)) throw conflict(`Cannot go from ${application.stage} to ${stage}`);

  const { count } = await db.application.updateMany({
    where: { id: application.id, stage: application.stage },
    data: { stage },
  });
  if (count === 0) throw conflict("The application was changed meanwhile");
  return { ...application, stage };
}
