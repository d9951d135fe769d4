// What the learner has done with a pattern: marks with dates. Two copies merge mark by mark, the later one counts.

export const KINDS = ["seen", "predicted", "broke", "mended", "shown", "kept"] as const;
export type Kind = (typeof KINDS)[number];

export interface Marked {
  at: number;
  on: boolean;
}

export type Marks = Partial<Record<Kind, Marked | null>>;

export interface Progress {
  schema: 1;
  patterns: Record<string, Marks>;
}

export const LEVELS = ["unseen", "predicted", "broken", "mended", "kept"] as const;
export type Level = (typeof LEVELS)[number];

export function later(one?: Marked | null, other?: Marked | null): Marked | undefined {
  if (!one || !other) return one ?? other ?? undefined;
  if (one.at !== other.at) return one.at > other.at ? one : other;
  return one.on ? one : other;
}

export function merge(left: Progress, right: Progress): Progress {
  const patterns: Record<string, Marks> = {};
  for (const key of new Set([...Object.keys(left.patterns), ...Object.keys(right.patterns)])) {
    const made: Marks = {};
    for (const kind of KINDS) {
      const mark = later(left.patterns[key]?.[kind], right.patterns[key]?.[kind]);
      if (mark) made[kind] = mark;
    }
    patterns[key] = made;
  }
  return { schema: 1, patterns };
}

/** The furthest stop that was reached in any language. */
export function level(progress: Progress, pattern: string): Level {
  const held = (kind: Kind) =>
    Object.entries(progress.patterns).some(([key, marks]) => key.startsWith(`${pattern}/`) && marks[kind]?.on);
  if (held("kept")) return "kept";
  if (held("mended")) return "mended";
  if (held("broke")) return "broken";
  return held("predicted") ? "predicted" : "unseen";
}

/** What was stored, if it is what we store; null otherwise. */
export function readStored(text: string | null): Progress | null {
  if (!text) return null;
  try {
    const made = JSON.parse(text) as Progress;
    return made?.schema === 1 && typeof made.patterns === "object" && made.patterns ? merge(made, made) : null;
  } catch {
    return null;
  }
}
