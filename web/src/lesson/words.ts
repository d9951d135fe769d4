// The engine's verdict as a sentence.

import { roleInWords } from "../shared/roles";
import type { EditorFinding, Verdict } from "../shared/types";

/** "read here (2), written here (3)". */
export function places(finding: EditorFinding): string {
  return finding.places.map((place) => `${place.note || roleInWords(place.role)} (${place.line})`).join(", ");
}

export function headline(verdict: Verdict): string {
  const first = verdict.findings[0];
  switch (verdict.state) {
    case "breaks":
      return `still breaks: ${first ? places(first) : ""}`;
    case "uncertain":
      return "not sure: the engine cannot follow every step here";
    case "elsewhere":
      return `this pattern is gone, but another was found: ${first?.code} ${first?.pattern}`;
    case "gone":
      return "nothing left to judge";
    case "unread":
      return "this cannot be parsed";
    case "solved":
      return "fixed: the audit no longer finds anything";
    case "paused":
      return "verdicts paused";
  }
}
