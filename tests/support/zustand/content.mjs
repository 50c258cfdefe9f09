// The client's half of an import (decision 0027): what leaves the browser, and the count and hash to confirm with.

import { createHash } from "node:crypto";

const OUTSIDE = new Set(["updatedAt", "secretNames", "githubToken", "_deleted"]);
const TOKEN = /(\\*"githubToken\\*"\s*:\s*)(\\*")((?:(?!\2)(?:\\[^]|[^]))*)(\2|$)/g;

/** A raw value as it may be sent: `[removed]` where a token stood, also in JSON that is broken or escaped. */
export function withoutTokens(raw) {
  return raw.toWellFormed().replace(TOKEN, (all, name, quote, token) =>
    token === "" ? all : `${name}${quote}[removed]${quote}`,
  );
}

/** A document's content: without the server's fields and secrets, and as any database holds it. */
export function contentOf(document) {
  return storable(Object.fromEntries(Object.entries(document).filter(([name]) => !OUTSIDE.has(name))));
}

/** The hash of a document's content. */
export function contentHash(document) {
  return sha256(canonical(contentOf(document)));
}

/** How many different contents these are, and their common hash; each is [collection, document as sent]. */
export function countAndHash(documents) {
  const lines = documents.map(([collection, each]) => `${collection}:${contentHash(each)}`);
  const distinct = [...new Set(lines)].sort();
  return { count: distinct.length, content_hash: sha256(distinct.join("\n")) };
}

function storable(value) {
  if (typeof value === "string") return value.toWellFormed();
  if (Array.isArray(value)) return value.map(storable);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [storable(name), storable(each)]));
}

// RFC 8785: names in order of UTF-16 units, numbers as ECMAScript writes them.
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join()}}`;
}

function sha256(text) {
  return createHash("sha256").update(text).digest("hex");
}
