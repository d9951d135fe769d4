import { z } from "zod";

export const newCandidate = z.object({
  name: z.string().min(1).max(200),
  email: z.email().transform((email) => email.toLowerCase()),
});

export const candidateUpdates = z.object({
  name: z.string().min(1).max(200).optional(),
  email: z.email().optional(),
  status: z.enum(["active", "passive", "hired"]).optional(),
  tags: z.array(z.string().min(1).max(40)).max(20).optional(),
});

export type CandidateUpdates = z.infer<typeof candidateUpdates>;

export const rating = z.object({ stars: z.number().int().min(1).max(5) });

export const newNote = z.object({ text: z.string().min(1).max(5000) });

export const newApplication = z.object({ candidateId: z.string().min(1).max(100) });

export const stageChange = z.object({ stage: z.enum(["interview", "offer", "rejected"]) });

export const search = z.object({ q: z.string().min(1).max(100), sort: z.enum(["title", "newest"]).default("title") });

export const page = z.object({
  take: z.coerce.number().int().min(1).max(100).default(50),
  skip: z.coerce.number().int().min(0).default(0),
});

export const atsEvent = z.object({
  id: z.string().min(1).max(100),
  type: z.string(),
  candidateId: z.string().min(1).max(100),
});

export type AtsEvent = z.infer<typeof atsEvent>;
