import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, beforeEach, test } from "node:test";
import { Client } from "pg";

const atsCalls: string[] = [];
const fakeAts = createServer((req, res) => {
  atsCalls.push(`${req.method} ${req.url}`);
  res.setHeader("content-type", "application/json").end('{"status":"ok"}');
});

const database = new Client({ connectionString: process.env.DATABASE_URL });
const sql = async (file: string) => database.query(await readFile(new URL(`../${file}`, import.meta.url), "utf8"));

let server: Server;
let base: string;
let close: () => Promise<void>;
let sendChanges: () => Promise<number>;

before(async () => {
  await database.connect();
  await new Promise<void>((done) => fakeAts.listen(0, "127.0.0.1", done));
  process.env.ATS_URL = `http://127.0.0.1:${(fakeAts.address() as AddressInfo).port}`;
  process.env.ATS_API_KEY = "test-key";
  process.env.ATS_WEBHOOK_TOKEN = "test-token";
  const { app } = await import("../src/app.ts");
  const { db } = await import("../src/database.ts");
  ({ sendChanges } = await import("../src/sendChanges.ts"));
  await new Promise<void>((done) => (server = app.listen(0, "127.0.0.1", () => done())));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  close = () => db.$disconnect();
});

beforeEach(async () => {
  atsCalls.length = 0;
  await database.query("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
  await sql("prisma/schema.sql");
  await sql("seed.sql");
});

after(async () => {
  server.closeAllConnections();
  server.close();
  fakeAts.closeAllConnections();
  fakeAts.close();
  await close();
  await database.end();
});

async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(base + path, {
    method,
    headers: { "content-type": "application/json", authorization: "Bearer rita-token", ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(5000),
  });
  const text = await response.text();
  return { status: response.status, body: text ? JSON.parse(text) : undefined };
}

test("a recruiter is required", async () => {
  assert.equal((await call("GET", "/candidates", undefined, { authorization: "Bearer no" })).status, 401);
});

test("candidates are listed with their jobs", async () => {
  const { body } = await call("GET", "/candidates");
  assert.deepEqual(
    body.map((candidate: { name: string; jobs: string[] }) => [candidate.name, candidate.jobs]),
    [
      ["Ada", []],
      ["Bo", ["Backend engineer"]],
      ["Dan", []],
    ],
  );
});

test("a candidate is created here and in the ATS, once", async () => {
  const dee = { name: "Dee", email: "Dee@example.com" };
  assert.equal((await call("POST", "/candidates", dee)).status, 201);
  assert.equal(await sendChanges(), 1);
  assert.match(atsCalls.join(), /^PUT .candidates.[-0-9a-f]+$/);
  assert.equal((await call("POST", "/candidates", dee)).status, 409);
  assert.equal((await call("POST", "/candidates", { name: "Dee", email: "nonsense" })).status, 422);
});

test("updates are merged and sent to the ATS", async () => {
  const { body } = await call("PATCH", "/candidates/candidate-1", { status: "hired", tags: ["sql", "python"] });
  assert.deepEqual([body.name, body.status, body.tags], ["Ada", "hired", ["python", "sql"]]);
  assert.equal(await sendChanges(), 1);
  assert.deepEqual(atsCalls, ["PUT /candidates/candidate-1"]);
});

test("ratings are averaged", async () => {
  assert.deepEqual((await call("POST", "/candidates/candidate-1/ratings", { stars: 1 })).body, { average: 3 });
});

test("a candidate is deleted with everything", async () => {
  assert.equal((await call("DELETE", "/candidates/candidate-2")).status, 204);
  assert.equal((await call("GET", "/candidates/candidate-2")).status, 404);
  assert.equal(await sendChanges(), 1);
  assert.deepEqual(atsCalls, ["DELETE /candidates/candidate-2"]);
});

test("another agency's candidate cannot be changed", async () => {
  assert.equal((await call("PATCH", "/candidates/candidate-3", { status: "hired" })).status, 404);
  assert.equal((await call("POST", "/candidates/candidate-3/notes", { text: "Hello" })).status, 404);
  assert.equal((await call("GET", "/candidates/candidate-3")).status, 404);
});

test("jobs are found", async () => {
  const { body } = await call("GET", "/jobs/search?q=python");
  assert.deepEqual(body.map((job: { id: string }) => job.id), ["job-1"]);
});

test("a job takes a limited number of applications", async () => {
  assert.equal((await call("POST", "/jobs/job-1/applications", { candidateId: "candidate-1" })).status, 201);
  assert.equal((await call("POST", "/jobs/job-1/applications", { candidateId: "candidate-1" })).status, 409);
  const { body } = await call("GET", "/jobs/full");
  assert.deepEqual(body.map((job: { id: string }) => job.id), ["job-1"]);
});

test("an application goes through its stages", async () => {
  const path = "/applications/application-1";
  assert.equal((await call("PATCH", path, { stage: "offer" })).status, 409);
  assert.equal((await call("PATCH", path, { stage: "interview" })).body.stage, "interview");
  assert.equal((await call("PATCH", path, { stage: "offer" })).body.stage, "offer");
});

test("an interview is counted", async () => {
  const event = { id: "event-1", type: "interview.completed", candidateId: "candidate-1" };
  assert.equal((await call("POST", "/webhooks/ats", event, { "x-ats-token": "wrong" })).status, 401);
  assert.equal((await call("POST", "/webhooks/ats", event, { "x-ats-token": "test-token" })).status, 200);
  assert.equal((await call("POST", "/webhooks/ats", event, { "x-ats-token": "test-token" })).status, 200);
  assert.equal((await call("GET", "/candidates/candidate-1")).body.interviews, 1);
});
