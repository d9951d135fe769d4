// The current location, as state: the hash of the page's address.

import { format, parse, type Place } from "./link";

const here = $state<{ now: Place }>({ now: parse(location.hash) });

addEventListener("hashchange", () => (here.now = parse(location.hash)));

export function place(): Place {
  return here.now;
}

export function go(hash: string): void {
  location.hash = hash;
}

/** Change parts of the link without a new entry in the browser's history. */
export function note(changes: Record<string, string>): void {
  const next = { path: here.now.path, query: { ...here.now.query, ...changes } };
  history.replaceState(null, "", format(next));
  here.now = parse(location.hash);
}
