// The browser's storage, which may be unavailable (private windows, full disks): then nothing outlives the page.

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
    // not fatal: the server, where there is one, stores progress too
  }
}
