// The browser's own storage, which it may refuse (private windows, full disks): then nothing outlives the page.

export function stored(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

export function store(name: string, value: string): void {
  try {
    localStorage.setItem(name, value);
  } catch {
    // the page goes on; progress is kept by the server where there is one
  }
}
