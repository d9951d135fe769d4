// A stock of seats behind a limit of a hundred requests a minute, as express-rate-limit counts and answers: a fixed
// window from the first request on, `RateLimit-*` headers, a text of its own. `node express_limited.mjs PORT`.
//
// POST /seats overwrites what it read, POST /seats_locked locks first.
import express from "express";
import pg from "pg";

const LIMIT = 100;
const WINDOW = 60_000;
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
const clients = new Map();

function limiter(request, response, next) {
  const now = Date.now();
  const known = clients.get(request.ip);
  const window = known && known.ends > now ? known : { count: 0, ends: now + WINDOW };
  window.count += 1;
  clients.set(request.ip, window);
  const seconds = Math.ceil((window.ends - now) / 1000);
  response.set("RateLimit-Policy", `${LIMIT};w=60`);
  response.set("RateLimit-Limit", String(LIMIT));
  response.set("RateLimit-Remaining", String(Math.max(0, LIMIT - window.count)));
  response.set("RateLimit-Reset", String(seconds));
  if (window.count <= LIMIT) return next();
  response.set("Retry-After", String(seconds));
  return response.status(429).send("Too many requests, please try again later.");
}

async function book(seats, lock) {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    const found = await client.query(`SELECT seats FROM show WHERE id = 1${lock}`);
    await client.query("UPDATE show SET seats = $1 WHERE id = 1", [found.rows[0].seats - seats]);
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  } finally {
    client.release();
  }
}

const app = express();
app.get("/health", (_request, response) => response.json("up"));
app.use(express.json(), limiter);
for (const [path, lock] of [["/seats", ""], ["/seats_locked", " FOR UPDATE"]]) {
  app.post(path, async (request, response) => {
    await book(request.body.seats, lock);
    response.json({ ok: true });
  });
}
app.listen(Number(process.argv[2]), "127.0.0.1");
