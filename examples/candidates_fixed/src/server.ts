import { app } from "./app.ts";
import { config } from "./config.ts";

app.listen(config.port, () => console.log(`Listening on port ${config.port}`));
