// The server, where there is one. An exported playbook carries its lessons in a script and has nobody to ask.

import type { Playbook, Verdict } from "./types";

declare global {
  interface Window {
    looktwicePlaybook?: Playbook;
  }
}

/** A refusal or a lost server, in words for the reader. */
export class Unreached extends Error {}

const LOST = "The server stopped. Your edits are kept here. Start `looktwice learn` again.";

async function asked<T>(path: string, init?: RequestInit): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(path, { ...init, headers: { "content-type": "application/json" } });
  } catch {
    throw new Unreached(LOST);
  }
  const body: unknown = await answer.json().catch(() => null);
  if (answer.ok) return body as T;
  const why = (body as { error?: string } | null)?.error;
  throw new Unreached(why ?? `The server answered ${answer.status}.`);
}

export async function playbook(): Promise<Playbook> {
  return window.looktwicePlaybook ?? asked<Playbook>("api/pages");
}

export function verdict(pattern: string, language: string, code: string): Promise<Verdict> {
  return asked<Verdict>("api/verdict", { method: "POST", body: JSON.stringify({ pattern, language, code }) });
}

export function progress<T>(put?: T): Promise<T> {
  return asked<T>("api/progress", put ? { method: "PUT", body: JSON.stringify(put) } : undefined);
}
