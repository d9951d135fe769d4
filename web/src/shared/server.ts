// The server, where there is one. An exported playbook has its lessons in a script and no server.

import type { Playbook, Verdict } from "./types";

declare global {
  interface Window {
    looktwicePlaybook?: Playbook;
  }
}

/** A refusal or a lost server, as a message for the reader. */
export class ServerError extends Error {}

const LOST = "The server stopped. Your edits are kept in this page. Start `looktwice learn` again.";

async function request<T>(path: string, init?: RequestInit): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(path, { ...init, headers: { "content-type": "application/json" } });
  } catch {
    throw new ServerError(LOST);
  }
  const body: unknown = await answer.json().catch(() => null);
  if (answer.ok) return body as T;
  const why = (body as { error?: string } | null)?.error;
  throw new ServerError(why ?? `The server responded with ${answer.status}.`);
}

export async function playbook(): Promise<Playbook> {
  return window.looktwicePlaybook ?? request<Playbook>("api/pages");
}

export function verdict(pattern: string, language: string, code: string): Promise<Verdict> {
  return request<Verdict>("api/verdict", { method: "POST", body: JSON.stringify({ pattern, language, code }) });
}

export function progress<T>(put?: T): Promise<T> {
  return request<T>("api/progress", put ? { method: "PUT", body: JSON.stringify(put) } : undefined);
}
