import express from "express";
import { errorHandler } from "./errors.ts";
import { candidateRoutes } from "./routes/candidates.ts";
import { jobRoutes } from "./routes/jobs.ts";
import { webhookRoutes } from "./routes/webhooks.ts";
import { ats } from "./services/ats.ts";

export const app = express();
app.use(express.json({ limit: "100kb" }));

app.get("/health", async (_req, res) => {
  res.json({ status: "ok", ats: await ats.isUp() });
});
app.use("/candidates", candidateRoutes);
app.use("/webhooks", webhookRoutes);
app.use(jobRoutes);
app.use(errorHandler);
