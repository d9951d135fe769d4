// The whole state is in the link: #/races/lost-update?lang=ts&at=break&order=ABAB&code=…

export interface Place {
  path: string[];
  query: Record<string, string>;
}

export function parse(hash: string): Place {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const segments = path.split("/").filter(Boolean);
  return { path: segments.map(decoded), query: Object.fromEntries(new URLSearchParams(query)) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function format(place: Place): string {
  const query = new URLSearchParams(Object.entries(place.query).filter(([, value]) => value !== ""));
  const text = query.toString();
  return `#/${place.path.map(encodeURIComponent).join("/")}${text ? `?${text}` : ""}`;
}

/** Links carry the editor's text as a difference from the page's: line, number of lines removed, lines inserted. */
export function difference(from: string, to: string): string {
  if (from === to) return "";
  const [old, now] = [from.split("\n"), to.split("\n")];
  let top = 0;
  while (top < Math.min(old.length, now.length) && old[top] === now[top]) top++;
  let tail = 0;
  while (tail < Math.min(old.length, now.length) - top && old.at(-1 - tail) === now.at(-1 - tail)) tail++;
  const put = now.slice(top, now.length - tail);
  const coded = toBase64(JSON.stringify([top, old.length - tail - top, put]));
  return coded.length <= 2048 ? coded : "";
}

/** The text that `difference` encoded; null for a link that does not fit this page. */
export function applied(from: string, coded: string): string | null {
  try {
    const made: unknown = JSON.parse(fromBase64(coded));
    if (!Array.isArray(made)) return null;
    const [top, out, put] = made as [number, number, string[]];
    const lines = from.split("\n");
    const fits = Number.isInteger(top) && Number.isInteger(out) && top >= 0 && out >= 0 && top + out <= lines.length;
    if (!fits || !Array.isArray(put) || put.some((line) => typeof line !== "string")) return null;
    lines.splice(top, out, ...put);
    return lines.join("\n");
  } catch {
    return null;
  }
}

function toBase64(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function fromBase64(text: string): string {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(binary, (c) => c.charCodeAt(0)));
}
