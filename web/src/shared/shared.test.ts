import { describe, expect, it } from "vitest";
import { condition, rungs } from "../lesson/ladder";
import { applied, difference, format, parse } from "./link";
import { level, merge, readStored, type Progress } from "./marks";

describe("links", () => {
  it.each([
    ["", { path: [], query: {} }],
    ["#/", { path: [], query: {} }],
    ["#/races/lost-update", { path: ["races", "lost-update"], query: {} }],
    ["#/races/lost-update?lang=ts&at=break&order=ABAB", { path: ["races", "lost-update"], query: { lang: "ts", at: "break", order: "ABAB" } }],
    ["#/%E0%A4%A", { path: ["%E0%A4%A"], query: {} }],
  ])("%s", (hash, place) => {
    expect(parse(hash)).toEqual(place);
    if (hash.length > 2 && !hash.includes("%")) expect(format(place)).toBe(hash);
  });
  const page = "def f():\n    a = 1\n    b = 2\n    return a";
  it.each([
    page.replace("a = 1", "a = 2"),
    page.replace("    b = 2\n", ""),
    `import x\n${page}`,
    `${page}\n`,
    "",
    "è ✓ \u{1F600}\n",
    page.split("\n").reverse().join("\n"),
  ])("carry an edit there and back: %j", (text) => {
    const coded = difference(page, text);
    expect(coded).toMatch(/^[\w-]+$/);
    expect(applied(page, coded)).toBe(text);
  });
  it("carry nothing when nothing changed, or when the edit is too long", () => {
    expect(difference(page, page)).toBe("");
    expect(difference(page, "x".repeat(4000))).toBe("");
  });
  it.each(["", "!", "bm8", btoa("[0,99,[]]"), btoa('[-1,0,["x"]]'), btoa('[0,0,"x"]'), btoa("[0,0,[1]]"), btoa("{}")])(
    "that were tampered with change nothing: %s",
    (coded) => expect(applied(page, coded)).toBeNull(),
  );
});

describe("progress", () => {
  const at = (moment: number, on = true): Progress => ({ schema: 1, patterns: { "a/python": { broken: { at: moment, on } } } });
  it("merges by the later timestamp, in either order", () => {
    expect(merge(at(1), at(2, false))).toEqual(at(2, false));
    expect(merge(at(2, false), at(1))).toEqual(at(2, false));
  });
  it("shows the furthest stop reached in any language", () => {
    const both: Progress = { schema: 1, patterns: { "a/python": { broken: { at: 1, on: true } }, "a/typescript": { fixed: { at: 1, on: true } } } };
    expect(level(both, "a")).toBe("fixed");
    expect(level(both, "b")).toBe("unseen");
    expect(level(at(1, false), "a")).toBe("unseen");
  });
  it.each([null, "", "{", "[]", "null", '{"schema":2}', '{"schema":1,"patterns":null}'])("that cannot be read is ignored: %s", (text) =>
    expect(readStored(text)).toBeNull(),
  );
});

describe("hints", () => {
  const start = { predicted: false, edits: 0, reading: 0, asked: false, solved: false, opened: 0, live: true };
  it.each([
    [{}, 0],
    [{ edits: 9, reading: 999 }, 0],
    [{ predicted: true }, 1],
    [{ predicted: true, reading: 60 }, 2],
    [{ predicted: true, edits: 1 }, 2],
    [{ predicted: true, edits: 2 }, 3],
    [{ predicted: true, edits: 3 }, 4],
    [{ asked: true }, 4],
    [{ solved: true }, 4],
    [{ predicted: true, live: false }, 1],
    [{ predicted: true, live: false, opened: 2 }, 3],
  ])("%j opens %i", (change, open) => expect(rungs({ ...start, ...change })).toBe(open));
  it("state what opens the next one", () => {
    for (const rung of [0, 1, 2, 3]) expect(condition(rung, true)).toMatch(/^opens/);
  });
});
