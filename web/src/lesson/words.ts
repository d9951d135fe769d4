// The engine's verdict in a sentence.

import { done } from "../shared/roles";
import type { Said, Verdict } from "../shared/types";


/** "read here (2), written here (3)". */
export function places(said: Said): string {
  return said.places.map((place) => `${place.note || done(place.role)} (${place.line})`).join(", ");
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
