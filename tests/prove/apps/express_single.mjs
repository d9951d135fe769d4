// Handlers that send one statement: `node express_single.mjs PORT`. /auto/NAME commits it by itself, /begin/NAME in a
// transaction. The statements come as JSON in STATEMENTS.
import express from "express";
import pg from "pg";

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
const statements = JSON.parse(process.env.STATEMENTS);
const app = express();
app.get("/", (_request, response) => response.json("up"));
app.post("/auto/:name", async (request, response) => {
  const done = await pool.query(statements[request.params.name]);
  response.status(done.rowCount ? 200 : 409).json({});
});
app.post("/begin/:name", async (request, response) => {
  const client = await pool.connect();
  await client.query("BEGIN");
  const done = await client.query(statements[request.params.name]);
  await client.query("COMMIT");
  client.release();
  response.status(done.rowCount ? 200 : 409).json({});
});
app.listen(Number(process.argv[2]), "127.0.0.1");
