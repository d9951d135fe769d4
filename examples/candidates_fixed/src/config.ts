/** Settings, read from the environment once at start. */
function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`Missing environment variable ${name}`);
  return value;
}

export const config = {
  port: Number(process.env.PORT ?? 3000),
  databaseUrl: required("DATABASE_URL"),
  atsUrl: required("ATS_URL"),
  atsApiKey: required("ATS_API_KEY"),
  atsWebhookToken: required("ATS_WEBHOOK_TOKEN"),
};
