// The learner's progress on a pattern: marks with timestamps. Two copies merge mark by mark; the later one wins.

export const KINDS = ["seen", "predicted", "broken", "fixed", "shown", "kept"] as const;
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

export const LEVELS = ["unseen", "predicted", "broken", "fixed", "kept"] as const;
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

/** The furthest stop reached in any language. */
export function level(progress: Progress, pattern: string): Level {
  const held = (kind: Kind) =>
    Object.entries(progress.patterns).some(([key, marks]) => key.startsWith(`${pattern}/`) && marks[kind]?.on);
  if (held("kept")) return "kept";
  if (held("fixed")) return "fixed";
  if (held("broken")) return "broken";
  return held("predicted") ? "predicted" : "unseen";
}

/** The stored progress; null when it is not in our format. */
export function readStored(text: string | null): Progress | null {
  if (!text) return null;
  try {
    const made = JSON.parse(text) as Progress;
    return made?.schema === 1 && typeof made.patterns === "object" && made.patterns ? merge(made, made) : null;
  } catch {
    return null;
  }
}
