// The checklist in two orders: by section, or by the four questions that find most of it.

import type { Lesson, Section } from "../shared/types";

export interface Group {
  title: string;
  lessons: Lesson[];
}

const QUESTIONS: [string, string][] = [
  ["twice", "What if it runs twice at the same time?"],
  ["upstream-down", "What if the service it calls is down?"],
  ["connection-lost", "What if the connection drops midway?"],
  ["contradiction", "What if the input is valid but absurd?"],
  ["ten-times-the-rows", "What if there are ten times as many rows?"],
];

export function bySection(sections: Section[], lessons: Lesson[]): Group[] {
  return sections
    .map((section) => ({ title: section.title, lessons: lessons.filter((lesson) => lesson.section === section.name) }))
    .filter((group) => group.lessons.length);
}

export function byQuestion(lessons: Lesson[]): Group[] {
  const asked = QUESTIONS.map(([experiment, title]) => ({
    title,
    lessons: lessons.filter((lesson) => lesson.experiment === experiment),
  }));
  const known = new Set(QUESTIONS.map(([experiment]) => experiment));
  const rest = { title: "Found by reading the code", lessons: lessons.filter((lesson) => !known.has(lesson.experiment)) };
  return [...asked, rest].filter((group) => group.lessons.length);
}

/** The list as Markdown, for a pull request's template. */
export function markdown(groups: Group[]): string {
  return groups
    .map((group) => `**${group.title}**\n${group.lessons.map((lesson) => `- [ ] ${lesson.question} (${lesson.code})`).join("\n")}`)
    .join("\n\n");
}
