import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";
