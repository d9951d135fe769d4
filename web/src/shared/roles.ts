// The role of a line of code, in the words of a finding.

const DONE: Record<string, string> = {
  read: "read here",
  write: "written here",
  check: "checked here",
  act: "acted on here",
  loop: "repeated here",
  query: "queried here",
  guard: "guarded here",
  lock: "locked here",
  transaction: "in a transaction here",
  call: "called here",
  commit: "committed here",
  source: "enters here",
  sink: "used here",
  definition: "defined here",
  peer: "compare with this",
  here: "here",
};

export function roleInWords(role: string): string {
  return DONE[role] ?? role;
}
