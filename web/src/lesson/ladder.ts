// Which hints are open. Decided here, without any model, from what the learner has done.

export interface Climb {
  predicted: boolean;
  /** Edits that changed the text and were judged by the engine. */
  edits: number;
  /** Seconds spent with the first hint open. */
  reading: number;
  asked: boolean;
  solved: boolean;
  /** Without an engine nothing can be judged, and each hint opens the next. */
  opened: number;
  live: boolean;
}

/** How many of the four hints (Look, Ask, Name, Show) are open. */
export function rungs(climb: Climb): number {
  if (climb.solved || climb.asked) return 4;
  if (!climb.predicted) return 0;
  if (!climb.live) return Math.min(4, climb.opened + 1);
  if (climb.edits >= 3) return 4;
  if (climb.edits >= 2) return 3;
  return climb.edits >= 1 || climb.reading >= 60 ? 2 : 1;
}

/** The condition that opens the next hint, in words. */
export function condition(rung: number, live: boolean): string {
  if (rung === 0) return "opens after your prediction";
  if (!live) return "opens after the previous hint";
  return ["", "opens after one try, or a minute of reading", "opens after a second try", "opens after a third try"][rung] ?? "";
}
