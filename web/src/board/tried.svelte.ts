// The orders tried on each board while the page is open; those tried in the introduction count in the lesson too.

class Tried {
  #orders = $state<Record<string, readonly string[]>>({});

  of(board: string): ReadonlySet<string> {
    return new Set(this.#orders[board] ?? []);
  }

  add(board: string, order: string): void {
    this.#orders = { ...this.#orders, [board]: [...new Set([...(this.#orders[board] ?? []), order])] };
  }
}

export const tried = new Tried();
