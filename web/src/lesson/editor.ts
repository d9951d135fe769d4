// The editor is a separate script, loaded on the first edit.

import type { Place } from "../shared/types";

export interface Editing {
  get(): string;
  set(text: string): void;
  mark(places: Place[]): void;
  focus(): void;
  destroy(): void;
}

export interface EditorOptions {
  text: string;
  language: string;
  label: string;
  onChange: (text: string) => void;
  onRefuse: (why: string) => void;
}

export interface Editors {
  edit(host: HTMLElement, options: EditorOptions): Editing;
  compare(host: HTMLElement, options: { before: string; after: string; language: string; narrow: boolean }): { destroy(): void };
}

declare global {
  interface Window {
    looktwiceEditor?: Editors;
  }
}

/** Rejects with an Error when the script cannot be loaded. */
export function editors(): Promise<Editors> {
  if (window.looktwiceEditor) return Promise.resolve(window.looktwiceEditor);
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = "assets/editor.js";
    script.onload = () =>
      window.looktwiceEditor ? resolve(window.looktwiceEditor) : reject(new Error("The editor did not start."));
    script.onerror = () => {
      script.remove();
      reject(new Error("The editor could not be loaded: the server stopped. Start `looktwice learn` again."));
    };
    document.head.append(script);
  });
}
