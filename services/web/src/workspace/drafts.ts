/**
 * What is being typed, kept at every key stroke: localStorage is written at once, the workspace's database is
 * not. A tab that is killed in the middle of a word loses nothing: the next one to open takes the drafts in.
 */
const PREFIX = "agentbus.draft";

/** The field of a document that is edited, as a key. */
export function draftKey(workspaceId: string, collection: string, id: string, field: string): string {
  return [PREFIX, ...[workspaceId, collection, id, field].map(encodeURIComponent)].join("/");
}

export function keepDraft(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // It is full: the database gets the text a moment later.
  }
}

/** Forgets the draft, unless it was written on meanwhile. */
export function dropDraft(key: string, value: string): void {
  if (localStorage.getItem(key) === value) localStorage.removeItem(key);
}

export interface Draft {
  readonly key: string;
  readonly collection: string;
  readonly id: string;
  readonly field: string;
  readonly value: string;
}

export function leftDrafts(workspaceId: string): Draft[] {
  return Object.entries({ ...localStorage }).flatMap(([key, value]) => {
    const [prefix, workspace, collection = "", id = "", field = ""] = key.split("/").map(decodeURIComponent);
    return prefix === PREFIX && workspace === workspaceId
      ? [{ key, collection, id, field, value: String(value) }]
      : [];
  });
}
