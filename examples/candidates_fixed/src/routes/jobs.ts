import { Router } from "express";
import { recruiterOf, requireRecruiter } from "../auth.ts";
import * as schemas from "../schemas.ts";
import * as jobs from "../services/jobs.ts";

export const jobRoutes = Router();
jobRoutes.use(requireRecruiter);

jobRoutes.get("/jobs", async (req, res) => {
  const { take, skip } = schemas.page.parse(req.query);
  res.json(await jobs.listJobs(recruiterOf(res).agencyId, take, skip));
});

jobRoutes.get("/jobs/search", async (req, res) => {
  const { q, sort } = schemas.search.parse(req.query);
  res.json(await jobs.searchJobs(recruiterOf(res).agencyId, q, sort));
});

jobRoutes.get("/jobs/full", async (_req, res) => {
  res.json(await jobs.fullJobs(recruiterOf(res).agencyId));
});

jobRoutes.post("/jobs/:id/applications", async (req, res) => {
  const { candidateId } = schemas.newApplication.parse(req.body);
  res.status(201).json(await jobs.apply(recruiterOf(res).agencyId, req.params.id, candidateId));
});

jobRoutes.patch("/applications/:id", async (req, res) => {
  const { stage } = schemas.stageChange.parse(req.body);
  res.json(await jobs.changeStage(recruiterOf(res).agencyId, req.params.id, stage));
});
