// Progress as state: kept in this browser, and with the server where there is one.

import { merge, readStored, type Kind, type Progress } from "./marks";
import { progress as exchange } from "./server";
import { store, stored } from "./storage";

const KEY = "looktwice.v1";
const empty: Progress = { schema: 1, patterns: {} };

class Learnt {
  now = $state<Progress>(empty);
  notice = $state("");
  #live = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    const text = stored(KEY);
    const known = readStored(text);
    if (text && !known) {
      store(`${KEY}.broken`, text);
      this.notice = "What this browser had stored could not be read. It is set aside; we start anew.";
    }
    this.now = known ?? empty;
    addEventListener("storage", (event) => {
      const other = event.key === KEY ? readStored(event.newValue) : null;
      if (other) this.now = merge(this.now, other);
    });
  }

  async join(): Promise<void> {
    this.#live = true;
    try {
      const kept = await exchange<Progress & { notice?: string }>();
      this.notice ||= kept.notice ?? "";
      const own = JSON.stringify(this.now.patterns);
      this.now = merge(this.now, kept);
      store(KEY, JSON.stringify(this.now));
      if (own !== "{}") this.#store(); // this browser may know what the file does not
    } catch {
      this.#live = false; // this browser keeps it; the verdict line says what happened to the server
    }
  }

  has(pattern: string, language: string, kind: Kind): boolean {
    return this.now.patterns[`${pattern}/${language}`]?.[kind]?.on ?? false;
  }

  mark(pattern: string, language: string, kind: Kind, on = true): void {
    if (this.has(pattern, language, kind) === on) return;
    const mark = { at: Date.now(), on };
    this.now = merge(this.now, { schema: 1, patterns: { [`${pattern}/${language}`]: { [kind]: mark } } });
    this.#store();
  }

  #store(): void {
    store(KEY, JSON.stringify(this.now));
    if (!this.#live) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      exchange(this.now).catch((error: Error) => (this.notice = error.message));
    }, 300);
  }
}

export const learnt = new Learnt();

/** Small choices that need no dates. */
export function recall(name: string): string {
  return stored(`looktwice.${name}`) ?? "";
}

export function remember(name: string, value: string): void {
  store(`looktwice.${name}`, value);
}
