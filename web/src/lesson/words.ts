// The engine's verdict in a sentence.

import type { Said, Verdict } from "../shared/types";

const DONE: Record<string, string> = {
  read: "read here",
  write: "written here",
  check: "tested here",
  act: "acted on here",
  loop: "repeated here",
  query: "asked here",
  guard: "guarded here",
  lock: "locked here",
  transaction: "in a transaction here",
  call: "called here",
  commit: "committed here",
  source: "comes in here",
  sink: "used here",
  definition: "defined here",
  peer: "compare here",
  here: "here",
};

/** "read here (2), written here (3)". */
export function places(said: Said): string {
  return said.places.map((place) => `${place.note || DONE[place.role] || place.role} (${place.line})`).join(", ");
}

export function headline(verdict: Verdict): string {
  const first = verdict.said[0];
  switch (verdict.state) {
    case "breaks":
      return `still breaks: ${first ? places(first) : ""}`;
    case "uncertain":
      return "not sure: the engine cannot follow every step here";
    case "elsewhere":
      return `this one is gone; another is here: ${first?.code} ${first?.pattern}`;
    case "gone":
      return "nothing left to judge";
    case "unread":
      return "this cannot be read as a program";
    case "solved":
      return "holds: the audit finds nothing here any more";
    case "paused":
      return "verdicts paused";
  }
}
