// What a place in the code does, in the words of a finding.

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

export function done(role: string): string {
  return DONE[role] ?? role;
}
