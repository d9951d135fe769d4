import { PrismaPg } from "@prisma/adapter-pg";
import { config } from "./config.ts";
import { PrismaClient } from "./generated/client.ts";

export const db = new PrismaClient({ adapter: new PrismaPg({ connectionString: config.databaseUrl }) });
