import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { TraceSet } from "../shared/types";
import { announcement, beginning, description, ending, moves, nextUntried, playable, score, tally, view } from "./orders";

const file = new URL("../../../src/looktwice/learn/traces/lost_update.json", import.meta.url);
const sets = new Map((JSON.parse(readFileSync(file, "utf8")) as TraceSet[]).map((set) => [set.variant, set]));
const written = sets.get("written")!;
const fixed = sets.get("fixed")!;
const atomic = sets.get("atomic")!;
const version = sets.get("version")!;

const lane = (set: TraceSet, presses: string, name: string) => view(set, presses).lanes.find((one) => one.lane.name === name)!;

describe("moves", () => {
  it("match the letters of the order, whatever followed from them", () => {
    for (const set of sets.values())
      for (const trace of set.traces) expect(moves(trace).map((move) => move.lane).join("")).toBe(trace.order);
  });
});

describe("a position", () => {
  it("before the first move: the row as it was, nothing is read", () => {
    const now = view(written, "");
    expect(now.row.values).toEqual({ balance: "100" });
    expect(now.lanes.map((one) => [one.memory, one.canMove])).toEqual([[null, true], [null, true]]);
    expect(now.ending).toBeNull();
  });
  it("shows what was read, and marks it as stale before it is written", () => {
    expect(lane(written, "AB", "B").memory).toEqual({ values: { balance: "100" }, move: 2, stale: false });
    expect(lane(written, "ABA", "B").memory?.stale).toBe(true);
    expect(lane(written, "ABA", "A").memory?.stale).toBe(false);
    expect(view(written, "ABA").previous?.values).toEqual({ balance: "100" });
  });
  it("has one live card per lane, and none when the lane has finished", () => {
    expect(lane(written, "A", "A").cards.map((card) => card.state)).toEqual(["done", "live", "coming"]);
    expect(lane(written, "AA", "A").cards.map((card) => card.state)).toEqual(["done", "done", "done"]);
    expect(lane(written, "AA", "A")).toMatchObject({ canMove: false, finished: true, reply: { status: 200 } });
    expect(lane(version, "ABA", "B").reply).toBeNull();
    expect(lane(version, "ABAB", "B").reply).toEqual({ status: 409, outcome: "refused" });
  });
  it("keeps the presses of a lane that waits", () => {
    const waiting = lane(fixed, "ABB", "B");
    expect(waiting).toMatchObject({ waitsFor: "A", canMove: false, finished: false });
    expect(waiting.cards.map((card) => card.state)).toEqual(["waiting", "coming", "coming"]);
    expect(view(fixed, "ABB").holder).toBe("A");
    const after = view(fixed, "ABBA");
    expect(after.row.values).toEqual({ balance: "180" });
    expect(after.lanes.every((one) => one.finished)).toBe(true);
    expect(after.lanes[1]!.memory).toMatchObject({ values: { balance: "150" }, stale: false });
  });
  it("is the same in every run that starts with it", () => {
    for (const set of sets.values())
      for (const trace of set.traces)
        for (let length = 0; length < trace.order.length; length++) {
          const presses = trace.order.slice(0, length);
          const only = { ...set, traces: [trace, ...set.traces.filter((one) => one !== trace)] };
          const timeless = (key: string, value: unknown) => (key === "at" ? 0 : value);
          expect(JSON.stringify(view(only, presses), timeless)).toBe(JSON.stringify(view(set, presses), timeless));
        }
  });
  it("hides uncommitted values from the other lane", () => {
    const now = view(atomic, "AB");
    expect(now.row.values).toEqual({ balance: "100" });
    expect(now.lanes[0]!.pending).toEqual({ balance: "150" });
    expect(now.lanes[1]!.waitsFor).toBe("A");
    expect(view(atomic, "ABA").row.values).toEqual({ balance: "150" });
    expect(announcement(atomic, "A")).toBe("Move 1. A writes 150. Row was 100. Not committed yet.");
    expect(announcement(atomic, "AB")).toBe("Move 2. B waits: A holds this row.");
  });
  it("that was never recorded throws", () => {
    expect(() => view(written, "AAA")).toThrow();
    expect(beginning(written, "AAA")).toEqual([]);
  });
});

describe("an ending", () => {
  it("is wrong in four of six orders as written, and in none when fixed", () => {
    const ends = (set: TraceSet) => set.traces.map(ending);
    expect(ends(written)).toEqual(["safe", "wrong", "wrong", "wrong", "wrong", "safe"]);
    expect(new Set(ends(fixed))).toEqual(new Set(["safe"]));
    expect(new Set(ends(atomic))).toEqual(new Set(["safe"]));
    expect(atomic.traces).toHaveLength(6);
    expect(ends(version)).toEqual(["safe", "refused", "refused", "refused", "refused", "safe"]);
  });
});

describe("the tally", () => {
  it("distinguishes tried from untried orders", () => {
    const tried = new Set(["AABB", "ABAB"]);
    expect(tally(written, tried).map((one) => one.result)).toEqual(["safe", "wrong", "", "", "", ""]);
    expect(tally(fixed, tried).map((one) => one.result)).toEqual(["safe", "waited", "", "", "", ""]);
    expect(score(written, tried)).toEqual({ tried: 2, all: 6, found: 1, wrong: 4 });
  });
  it("continues after the last one, and wraps around", () => {
    expect(nextUntried(written, new Set(), "")).toBe("AABB");
    expect(nextUntried(written, new Set(["ABAB", "ABBA"]), "ABAB")).toBe("BAAB");
    expect(nextUntried(written, new Set(["BBAA"]), "BBAA")).toBe("AABB");
    expect(nextUntried(written, new Set(written.traces.map((trace) => trace.order)))).toBe("");
  });
});

describe("announcements", () => {
  it("describe a move, with the value it was computed from", () => {
    expect(announcement(written, "ABAB")).toBe(
      "Move 4. B writes 130. Row was 150, computed from 100, read at move 2. Stale. " +
        "WRONG. The row holds 130; one request after the other gives 180. The deposit of A is lost.",
    );
    expect(announcement(fixed, "AB")).toBe("Move 2. B waits: A holds this row.");
    expect(announcement(fixed, "ABA")).toBe(
      "Move 3. A writes 150. Row was 100, computed from 100, read at move 1. A commits. B locks the row and reads it: 150.",
    );
    expect(announcement(version, "ABAB")).toContain("B writes if the version is the same: it is not, so nothing is written. 409.");
  });
  it("describe a whole position", () => {
    expect(description(written, "ABA")).toBe(
      "3 moves played: A B A. Row: 150. A has finished. B holds 100, read at move 2, stale; next it writes what it computed.",
    );
  });
});

describe("a link to an order", () => {
  it("is followed as far as the order was recorded", () => {
    expect(playable(written, "ABAB")).toBe("ABAB");
    expect(playable(written, "ABAAB")).toBe("ABA");
    expect(playable(written, "XYZ")).toBe("");
  });
});
