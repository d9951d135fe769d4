// The board's logic: pure functions over recorded runs. Nothing is simulated; a position on the board is a prefix of a
// recorded order, and shows what happened in that run.

import type { Lane, Row, Step, Trace, TraceSet } from "../shared/types";

/** One move and every step that followed from it: its own, then those of lanes that had waited for it. */
export interface Move {
  lane: string;
  steps: Step[];
}

export type CardState = "done" | "live" | "waiting" | "coming";

/** One step of a request. */
export interface Card {
  kind: Step["kind"];
  words: string;
  statement: string;
  state: CardState;
  /** The move (from 1) in which it was done; 0 until then. */
  move: number;
}

/** The values that a request holds in memory, and the move that read them. */
export interface Memory {
  values: Record<string, string | null>;
  move: number;
  stale: boolean;
}

export interface LaneView {
  lane: Pick<Lane, "name" | "method" | "path" | "body">;
  /** Its response; null until it has finished. */
  reply: Pick<Lane, "status" | "outcome"> | null;
  cards: Card[];
  memory: Memory | null;
  /** The values it has written but not committed, which no other request sees yet. */
  pending: Record<string, string | null> | null;
  /** The lane that holds the lock this one needs; empty when it does not wait. */
  waitsFor: string;
  canMove: boolean;
  finished: boolean;
}

export type Ending = "wrong" | "safe" | "refused";

export interface View {
  presses: string;
  row: Row;
  /** The row before the last move, if that changed it. */
  previous: Row | null;
  lanes: LaneView[];
  /** The lane that holds the row's lock while another waits. */
  holder: string;
  last: Move | null;
  trace: Trace | null;
  ending: Ending | null;
}

/** The moves of a run: a step at which the schedule released a lane begins one, the others follow from it. */
export function moves(trace: Trace): Move[] {
  const made: Move[] = [];
  for (const step of trace.steps) {
    const last = made.at(-1);
    if (step.held || !last) made.push({ lane: step.lane, steps: [step] });
    else last.steps.push(step);
  }
  return made;
}

/** The recorded runs that start with these moves. */
export function beginning(set: TraceSet, presses: string): Trace[] {
  return set.traces.filter((trace) => trace.order.startsWith(presses));
}

/** The longest recorded prefix of `presses`, which may come from a link. */
export function playable(set: TraceSet, presses: string): string {
  let length = 0;
  while (length < presses.length && beginning(set, presses.slice(0, length + 1)).length) length++;
  return presses.slice(0, length);
}

export function ending(trace: Trace): Ending {
  if (["data wrong", "double success", "status wrong"].includes(trace.verdict)) return "wrong";
  return trace.lanes.some((lane) => lane.outcome === "refused") ? "refused" : "safe";
}

/** The position after these moves. Throws when no run starts with them. */
export function view(set: TraceSet, presses: string): View {
  const trace = beginning(set, presses)[0];
  const first = trace?.initial[0];
  if (!trace || !first) throw new Error(`no recorded order starts with ${presses}`);
  const played = moves(trace).slice(0, presses.length);
  let row = first;
  let previous: Row | null = null;
  const pending = new Map<string, Row>();
  for (const move of played) {
    previous = null;
    for (const step of move.steps) {
      const after = step.after.at(-1);
      if (after) pending.set(step.lane, after);
      const written = pending.get(step.lane);
      if (written && (step.kind === "commit" || !commits(trace, step.lane))) [previous, row] = [previous ?? row, written];
      if (step.kind === "commit" || step.kind === "rollback") pending.delete(step.lane);
    }
  }
  const whole = presses.length === trace.order.length;
  const lanes = trace.lanes.map((lane) => laneView(set, lane, played, row, pending.get(lane.name) ?? null));
  return {
    presses,
    row,
    previous,
    lanes,
    holder: lanes.find((lane) => lane.waitsFor)?.waitsFor ?? "",
    last: played.at(-1) ?? null,
    trace: whole ? trace : null,
    ending: whole ? ending(trace) : null,
  };
}

/** Whether the run has a commit step for the lane; without one, each statement commits on its own. */
function commits(trace: Trace, lane: string): boolean {
  return trace.steps.some((step) => step.lane === lane && (step.kind === "commit" || step.kind === "rollback"));
}

function laneView(set: TraceSet, lane: Lane, played: Move[], row: Row, pending: Row | null): LaneView {
  const program = cardsOf(set, lane.name);
  const cards: Card[] = program.map((step) => ({ ...pick(step), state: "coming", move: 0 }));
  let done = 0;
  let memory: Memory | null = null;
  let waitsFor = "";
  played.forEach((move, index) => {
    for (const step of move.steps) {
      if (step.lane !== lane.name) continue;
      waitsFor = step.waits_for;
      if (step.waits_for) continue;
      const card = cards[done++];
      if (card) Object.assign(card, pick(step), { state: "done", move: index + 1 });
      const seen = step.before.at(-1);
      if ((step.kind === "read" || step.kind === "lock") && seen)
        memory = { values: seen.values, move: index + 1, stale: false };
    }
  });
  const pressed = played.filter((move) => move.lane === lane.name).length;
  const finished = done >= program.length;
  const next = cards[done];
  if (next) next.state = waitsFor ? "waiting" : "live";
  if (memory) memory = { ...(memory as Memory), stale: !finished && differs(memory as Memory, row) };
  const { name, method, path, body, status, outcome } = lane;
  const reply = finished ? { status, outcome } : null;
  const all = [...(set.traces[0]?.order ?? "")].filter((letter) => letter === name).length;
  return {
    lane: { name, method, path, body },
    reply,
    cards,
    memory,
    pending: pending?.values ?? null,
    waitsFor,
    canMove: pressed < all,
    finished,
  };
}

function pick(step: Step): Pick<Card, "kind" | "words" | "statement"> {
  return { kind: step.kind, words: step.words, statement: step.statement };
}

/** The steps of a request, in order, from a run in which it neither waited nor was refused. */
function cardsOf(set: TraceSet, lane: string): Step[] {
  const free = set.traces.find(
    (trace) =>
      !trace.steps.some((step) => step.lane === lane && step.waits_for) &&
      trace.lanes.some((one) => one.name === lane && one.outcome === "ok"),
  );
  return (free ?? set.traces[0])?.steps.filter((step) => step.lane === lane && !step.waits_for) ?? [];
}

function differs(memory: Memory, row: Row): boolean {
  return Object.entries(memory.values).some(([name, value]) => row.values[name] !== value);
}

/** The values of a row in words: "100", or "100, version 7" when there are more columns than one. */
export function valuesInWords(values: Record<string, string | null>): string {
  const [first, ...rest] = Object.entries(values).filter(([name]) => name !== "id");
  if (!first) return "nothing";
  return [first[1] ?? "null", ...rest.map(([name, value]) => `${name} ${value ?? "null"}`)].join(", ");
}

/** An announcement of the last move: what it did, and the value it was computed from. */
export function announcement(set: TraceSet, presses: string): string {
  const now = view(set, presses);
  if (!now.last) return `The row holds ${valuesInWords(now.row.values)}. A or B may move.`;
  const before = view(set, presses.slice(0, -1));
  const last = now.last;
  const parts = last.steps.map((step, at) => sentence(step, before, last.steps.slice(at + 1))).filter(Boolean);
  if (now.trace && now.ending) parts.push(`${now.ending.toUpperCase()}. ${now.trace.explanation}`);
  return `Move ${presses.length}. ${parts.join(" ")}`;
}

function sentence(step: Step, before: View, rest: Step[]): string {
  if (step.kind === "commit") return rest.length || before.lanes.some((lane) => lane.lane.name === step.lane && lane.pending) ? `${step.lane} commits.` : "";
  if (step.kind === "rollback") return "";
  if (step.waits_for) return `${step.lane} waits: ${step.waits_for} holds this row.`;
  const memory = before.lanes.find((lane) => lane.lane.name === step.lane)?.memory;
  const [seen, after] = [step.before.at(-1), step.after.at(-1)];
  if (step.kind === "write" && !after) return `${step.lane} ${step.words}: it is not, so nothing is written. 409.`;
  if (step.kind === "write" && after) {
    const was = seen ? ` Row was ${valuesInWords(seen.values)}` : "";
    const based = memory && seen ? `, computed from ${valuesInWords(memory.values)}, read at move ${memory.move}.` : was && ".";
    const stale = memory && seen && valuesInWords(memory.values) !== valuesInWords(seen.values) ? " Stale." : "";
    const ends = rest.some((one) => one.lane === step.lane && one.kind === "commit");
    const open = ends ? "" : " Not committed yet.";
    return `${step.lane} writes ${valuesInWords(after.values)}.${was}${based}${stale}${open}`;
  }
  return `${step.lane} ${step.words}: ${valuesInWords(seen?.values ?? {})}.`;
}

/** The position in words. */
export function description(set: TraceSet, presses: string): string {
  const now = view(set, presses);
  const lanes = now.lanes.map((lane) => {
    const name = lane.lane.name;
    const holds = lane.memory
      ? `holds ${valuesInWords(lane.memory.values)}, read at move ${lane.memory.move}${lane.memory.stale ? ", stale" : ""}`
      : "holds nothing";
    const next = lane.cards.find((card) => card.state === "live" || card.state === "waiting");
    if (lane.finished) return `${name} has finished.`;
    return lane.waitsFor ? `${name} waits for ${lane.waitsFor}.` : `${name} ${holds}; next it ${next?.words ?? "ends"}.`;
  });
  return `${presses.length} moves played: ${[...presses].join(" ") || "none"}. Row: ${valuesInWords(now.row.values)}. ${lanes.join(" ")}`;
}

/** The result of each order that was tried. */
export interface Tally {
  order: string;
  result: Ending | "waited" | "";
}

export function tally(set: TraceSet, tried: ReadonlySet<string>): Tally[] {
  return set.traces.map((trace) => {
    if (!tried.has(trace.order)) return { order: trace.order, result: "" };
    const end = ending(trace);
    const waited = end === "safe" && trace.steps.some((step) => step.waits_for);
    return { order: trace.order, result: waited ? "waited" : end };
  });
}

/** The first untried order after `from`, wrapping around; empty when all were tried. */
export function nextUntried(set: TraceSet, tried: ReadonlySet<string>, from = ""): string {
  const orders = set.traces.map((trace) => trace.order);
  const start = orders.indexOf(from) + 1;
  return [...orders.slice(start), ...orders.slice(0, start)].find((order) => !tried.has(order)) ?? "";
}

/** How many orders were tried, and how many of those that end wrong were found. */
export function score(set: TraceSet, tried: ReadonlySet<string>): { tried: number; all: number; found: number; wrong: number } {
  const wrong = set.traces.filter((trace) => ending(trace) === "wrong");
  return {
    tried: set.traces.filter((trace) => tried.has(trace.order)).length,
    all: set.traces.length,
    found: wrong.filter((trace) => tried.has(trace.order)).length,
    wrong: wrong.length,
  };
}
