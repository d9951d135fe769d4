import { config } from "../config.ts";
import { HttpError } from "../errors.ts";
import type { Candidate } from "../generated/client.ts";

/** What the applicant-tracking system knows about a candidate. */
type AtsCandidate = Pick<Candidate, "name" | "email" | "status" | "tags">;

/** Client of the applicant-tracking system (ATS). */
class AtsClient {
  /** Creates or replaces a candidate; doing it twice is harmless. */
  async putCandidate(id: string, candidate: AtsCandidate): Promise<void> {
    await this.send("PUT", `/candidates/${encodeURIComponent(id)}`, pick(candidate));
  }

  async deleteCandidate(id: string): Promise<void> {
    await this.send("DELETE", `/candidates/${encodeURIComponent(id)}`);
  }

  /** Whether the ATS answers, for the status page. */
  async isUp(): Promise<boolean> {
    try {
      const response = await fetch(`${config.atsUrl}/health`, { signal: AbortSignal.timeout(1000) });
      return response.ok;
    } catch {
      return false;
    }
  }

  private async send(method: string, path: string, body?: unknown): Promise<void> {
    const response = await fetch(config.atsUrl + path, {
      method,
      headers: { authorization: `Bearer ${config.atsApiKey}`, "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(5000),
    });
    if (!response.ok) throw new HttpError(502, `ATS answered ${response.status}`);
  }
}

const pick = ({ name, email, status, tags }: AtsCandidate) => ({ name, email, status, tags });

export const ats = new AtsClient();
