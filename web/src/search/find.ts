// Search over names, codes and messages.

import type { Lesson } from "../shared/types";

export function find(lessons: Lesson[], words: string): Lesson[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  if (!wanted.length) return lessons;
  return lessons
    .map((lesson) => ({ lesson, points: rank(lesson, wanted) }))
    .filter(({ points }) => points > 0)
    .toSorted((one, other) => other.points - one.points)
    .map(({ lesson }) => lesson);
}

/** 0 when a word does not occur; a name or code counts more than a message. */
function rank(lesson: Lesson, wanted: string[]): number {
  const name = `${lesson.code} ${lesson.name} ${lesson.name.replaceAll("-", " ")}`.toLowerCase();
  const text = [lesson.summary, lesson.question, ...lesson.messages].join(" ").toLowerCase();
  const points = wanted.map((word) => (name.includes(word) ? 3 : text.includes(word) ? 1 : 0));
  return points.includes(0) ? 0 : points.reduce<number>((sum, one) => sum + one, 0);
}
