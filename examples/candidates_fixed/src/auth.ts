import { createHash, timingSafeEqual } from "node:crypto";
import type { NextFunction, Request, Response } from "express";
import { config } from "./config.ts";
import { db } from "./database.ts";
import { HttpError } from "./errors.ts";
import type { Recruiter } from "./generated/client.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest();

/** The recruiter who makes the request; set by requireRecruiter. */
export const recruiterOf = (res: Response): Recruiter => res.locals.recruiter;

/** Lets a request through only with the bearer token of a recruiter. */
export async function requireRecruiter(req: Request, res: Response, next: NextFunction) {
  const token = req.get("authorization")?.replace(/^Bearer /, "") ?? "";
  const recruiter = await db.recruiter.findUnique({ where: { tokenHash: sha256(token).toString("hex") } });
  if (!recruiter) throw new HttpError(401, "Not authenticated");
  res.locals.recruiter = recruiter;
  next();
}

/** Lets a webhook through only with the token that the ATS shares with us. */
export function requireAts(req: Request, _res: Response, next: NextFunction) {
  const token = req.get("x-ats-token") ?? "";
  if (!timingSafeEqual(sha256(token), sha256(config.atsWebhookToken))) throw new HttpError(401, "Invalid token");
  next();
}
