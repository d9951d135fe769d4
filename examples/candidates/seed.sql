-- Two agencies with one recruiter each; their tokens are rita-token and otto-token.
INSERT INTO "Agency" (id, name) VALUES ('north', 'North Talent'), ('south', 'South Talent');
INSERT INTO "Recruiter" (id, "agencyId", email, "tokenHash") VALUES
  ('rita', 'north', 'rita@north.example', encode(sha256(convert_to('rita-token', 'UTF8')), 'hex')),
  ('otto', 'south', 'otto@south.example', encode(sha256(convert_to('otto-token', 'UTF8')), 'hex'));
INSERT INTO "Candidate" (id, "agencyId", email, name, tags, "ratingSum", "ratingCount", "updatedAt") VALUES
  ('candidate-1', 'north', 'ada@example.com', 'Ada', '{python}', 8, 2, now()),
  ('candidate-2', 'north', 'bo@example.com', 'Bo', '{}', 0, 0, now()),
  ('candidate-4', 'north', 'dan@example.com', 'Dan', '{}', 0, 0, now()),
  ('candidate-3', 'south', 'cleo@example.com', 'Cleo', '{go}', 5, 1, now());
INSERT INTO "Job" (id, "agencyId", title, description, "maxApplications", "applicationCount") VALUES
  ('job-1', 'north', 'Backend engineer', 'PostgreSQL and Python', 2, 1),
  ('job-2', 'north', 'Designer', 'Print and web', 10, 0),
  ('job-3', 'south', 'Tester', 'Patience', 5, 0);
INSERT INTO "Application" (id, "jobId", "candidateId") VALUES ('application-1', 'job-1', 'candidate-2');
