import { Router } from "express";
import { recruiterOf, requireRecruiter } from "../auth.ts";
import * as schemas from "../schemas.ts";
import * as candidates from "../services/candidates.ts";

export const candidateRoutes = Router();
candidateRoutes.use(requireRecruiter);

candidateRoutes.get("/", async (req, res) => {
  const { take, skip } = schemas.page.parse(req.query);
  res.json(await candidates.listCandidates(recruiterOf(res).agencyId, take, skip));
});

candidateRoutes.post("/", async (req, res) => {
  const { name, email } = schemas.newCandidate.parse(req.body);
  res.status(201).json(await candidates.createCandidate(recruiterOf(res).agencyId, name, email));
});

candidateRoutes.get("/:id", async (req, res) => {
  res.json(await candidates.requireCandidate(recruiterOf(res).agencyId, req.params.id));
});

candidateRoutes.patch("/:id", async (req, res) => {
  const updates = schemas.candidateUpdates.parse(req.body);
  res.json(await candidates.syncCandidate(recruiterOf(res).agencyId, req.params.id, updates));
});

candidateRoutes.delete("/:id", async (req, res) => {
  await candidates.deleteCandidate(recruiterOf(res).agencyId, req.params.id);
  res.status(204).end();
});

candidateRoutes.post("/:id/ratings", async (req, res) => {
  const { stars } = schemas.rating.parse(req.body);
  const average = await candidates.rateCandidate(recruiterOf(res).agencyId, req.params.id, stars);
  res.json({ average });
});

candidateRoutes.post("/:id/notes", async (req, res) => {
  const { text } = schemas.newNote.parse(req.body);
  const { agencyId, email } = recruiterOf(res);
  res.status(201).json(await candidates.addNote(agencyId, req.params.id, email, text));
});
