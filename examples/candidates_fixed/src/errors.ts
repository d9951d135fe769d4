import type { NextFunction, Request, Response } from "express";
import { ZodError } from "zod";
import { Prisma } from "./generated/client.ts";

/** An error with the status that the client should see. */
export class HttpError extends Error {
  status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export const notFound = (what: string) => new HttpError(404, `${what} not found`);
export const conflict = (message: string) => new HttpError(409, message);

/** Whether the database refused a row because of a unique constraint. */
export const isDuplicate = (error: unknown) =>
  error instanceof Prisma.PrismaClientKnownRequestError && error.code === "P2002";

export function errorHandler(error: unknown, _req: Request, res: Response, _next: NextFunction) {
  if (error instanceof ZodError) {
    res.status(422).json({ error: "Invalid input", issues: error.issues });
  } else if (error instanceof HttpError) {
    res.status(error.status).json({ error: error.message });
  } else {
    console.error(error);
    res.status(500).json({ error: "Internal server error" });
  }
}
