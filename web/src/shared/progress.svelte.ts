// Progress as state: stored in this browser, and on the server where there is one.

import { merge, readStored, type Kind, type Progress } from "./marks";
import { progress as exchange } from "./server";
import { store, stored } from "./storage";

const KEY = "looktwice.v1";
const empty: Progress = { schema: 1, patterns: {} };

class ProgressState {
  now = $state<Progress>(empty);
  notice = $state("");
  #live = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    const text = stored(KEY);
    const known = readStored(text);
    if (text && !known) {
      store(`${KEY}.broken`, text);
      this.notice = "The progress stored in this browser could not be read. It was set aside, and progress is reset.";
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
      if (own !== "{}") this.#store(); // this browser may have marks that the file does not
    } catch {
      this.#live = false; // progress stays in this browser; the verdict line reports what happened to the server
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

export const progress = new ProgressState();

/** Small settings that need no timestamps. */
export function recall(name: string): string {
  return stored(`looktwice.${name}`) ?? "";
}

export function remember(name: string, value: string): void {
  store(`looktwice.${name}`, value);
}
