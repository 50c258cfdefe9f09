/** What leaves the browser in an import, and the count and hash that confirm it (decision 0027). Pure. */
import type { ImportReport } from "@agentbus/contracts";

export type Collection = "tasks" | "environments";

const OUTSIDE: ReadonlySet<string> = new Set(["updatedAt", "secretNames", "githubToken", "_deleted"]);
const TOKEN = /(\\*"githubToken\\*"\s*:\s*)(\\*")((?:(?!\2)(?:\\[^]|[^]))*)(\2|$)/g;
const COLLECTIONS: readonly Collection[] = ["tasks", "environments"];

/** A raw value as it may be sent: `[removed]` where a token stood, also in JSON that is broken or escaped. */
export function withoutTokens(raw: string): string {
  return raw
    .toWellFormed()
    .replace(TOKEN, (all: string, name: string, quote: string, token: string) =>
      token === "" ? all : `${name}${quote}[removed]${quote}`,
    );
}

/** Returns the count and hash of what `values` hold, less the items that the report has as failed. */
export async function countAndHash(values: Readonly<Record<string, string | null>>, report: ImportReport) {
  const failures = report.items.filter(({ outcome }) => outcome === "failed");
  const failed = new Set(failures.map(({ key, collection, index }) => `${key}/${collection}/${index}`));
  const lines = new Set<string>();
  for (const [key, raw] of Object.entries(values)) {
    for (const [collection, index, item] of raw === null ? [] : itemsIn(key, withoutTokens(raw))) {
      if (failed.has(`${key}/${collection}/${index}`)) continue;
      lines.add(`${collection}:${await sha256(canonical(contentOf(item)))}`);
    }
  }
  return { count: lines.size, content_hash: await sha256([...lines].sort().join("\n")) };
}

/** The items of a raw value and their places: as zustand's persist writes them, bare, or a list; none: it is broken. */
function itemsIn(key: string, raw: string): [Collection, number, unknown][] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(raw);
    if (typeof parsed === "string") parsed = JSON.parse(parsed);
  } catch {
    return [];
  }
  if (Array.isArray(parsed)) {
    const collection = key === "environments" ? "environments" : "tasks";
    return parsed.map((item, index) => [collection, index, item]);
  }
  const outer = (parsed ?? {}) as Record<string, unknown>;
  const state = (outer.state ?? outer) as Record<string, unknown>;
  return COLLECTIONS.flatMap((collection) => {
    const list = state[collection];
    if (!Array.isArray(list)) return [];
    return list.map((item, index): [Collection, number, unknown] => [collection, index, item]);
  });
}

function contentOf(item: unknown): unknown {
  const entries = Object.entries((item ?? {}) as object).filter(([name]) => !OUTSIDE.has(name));
  return storable(Object.fromEntries(entries));
}

function storable(value: unknown): unknown {
  if (typeof value === "string") return value.toWellFormed();
  if (Array.isArray(value)) return value.map(storable);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name.toWellFormed(), storable(each)]));
}

/** RFC 8785: names in order of UTF-16 units, numbers as ECMAScript writes them. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const fields = value as Record<string, unknown>;
  const names = Object.keys(fields).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(fields[name])}`).join()}}`;
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
