import { Router } from "express";
import { requireAts } from "../auth.ts";
import * as schemas from "../schemas.ts";
import { applyEvent } from "../services/events.ts";

export const webhookRoutes = Router();
webhookRoutes.use(requireAts);

webhookRoutes.post("/ats", async (req, res) => {
  await applyEvent(schemas.atsEvent.parse(req.body));
  res.json({ received: true });
});
