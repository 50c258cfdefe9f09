/**
 * Moves what an older client kept in localStorage into the workspace (E1–E5, decision 0027). Runs by itself,
 * one tab at a time. localStorage is cleared only after the server has confirmed, by count and hash, what it
 * read back; whatever fails before that is undone and leaves it untouched.
 */
import type { ImportReport, UndoneImport } from "@agentbus/contracts";
import { BehaviorSubject } from "rxjs";
import { ApiProblem, request } from "~/api/http";
import type { Session } from "~/session/session";
import { countAndHash, withoutTokens } from "./content";

const KEYS = ["task-store", "environments", "tasks", "taskStore", "task-data"] as const;
/** Values that a person has decided about: these are not moved again by themselves. */
const SETTLED = "agentbus.migration.settled";

export type Migration =
  | { readonly state: "none" }
  | { readonly state: "running"; readonly step: string; readonly share: number }
  /** Something is not sound: nothing was written. A person decides. */
  | { readonly state: "refused"; readonly report: ImportReport }
  | { readonly state: "moved"; readonly report: ImportReport }
  | { readonly state: "undone"; readonly report: ImportReport }
  /** Nothing was changed anywhere. */
  | { readonly state: "failed"; readonly error: Error };

type Values = Record<string, string | null>;

export class Migrating {
  readonly state = new BehaviorSubject<Migration>({ state: "none" });
  private readonly session: Session;
  private readonly path: string;

  constructor(session: Session) {
    this.session = session;
    this.path = `/api/v3/workspaces/${encodeURIComponent(session.workspaceId)}/imports`;
  }

  /** Moves old data, if there is any that nobody has decided about. */
  async start(): Promise<void> {
    const values = oldValues();
    if (isEmpty(values) || localStorage.getItem(SETTLED) === (await fingerprint(values))) return;
    await this.run();
  }

  /** Moves old data; with `onlySound` also when some of it cannot be moved, which then stays. */
  async run(onlySound = false): Promise<void> {
    await navigator.locks.request("agentbus.migration", async () => {
      const values = oldValues();
      // Another tab has done it meanwhile.
      if (isEmpty(values)) return;
      try {
        await this.move(values, onlySound);
      } catch (error) {
        this.state.next({ state: "failed", error: error as Error });
      }
    });
  }

  /** Takes back what was moved: it is in localStorage again, without tokens. */
  async undo(): Promise<void> {
    const current = this.state.value;
    if (current.state !== "moved" || current.report.import_id === null) return;
    this.tell("Taking it back", 50);
    try {
      const { report, tasks, environments } = await this.post<UndoneImport>(`/${current.report.import_id}/undo`);
      putBack("task-store", "tasks", tasks);
      putBack("environments", "environments", environments);
      localStorage.setItem(SETTLED, await fingerprint(oldValues()));
      this.state.next({ state: "undone", report });
    } catch (error) {
      this.state.next({ state: "failed", error: error as Error });
    }
  }

  private async move(values: Values, onlySound: boolean): Promise<void> {
    this.tell("Sending it, without tokens", 20);
    const sent = mapped(values, (raw) => (raw === null ? null : withoutTokens(raw)));
    const report = await this.post<ImportReport>("", { values: sent, only_sound: onlySound });
    if (report.state === "refused" || report.import_id === null) {
      this.state.next({ state: "refused", report });
      return;
    }
    this.tell("Comparing what the database holds", 70);
    const anew = oldValues();
    // Another tab has written or moved it meanwhile, which a tab may see late: what that one moved is not undone.
    if (KEYS.some((key) => anew[key] !== values[key])) {
      if (isEmpty(anew)) this.state.next({ state: "none" });
      else await this.move(anew, onlySound);
      return;
    }
    const confirmed = await this.confirm(report.import_id, await countAndHash(anew, report));
    await this.clear(anew, confirmed);
    this.state.next({ state: "moved", report: confirmed });
  }

  private async confirm(id: string, body: object): Promise<ImportReport> {
    try {
      return await this.post<ImportReport>(`/${id}/confirm`, body);
    } catch (error) {
      // The answer alone may be lost: what can be asked again is, by the next start. What differs is undone.
      if (error instanceof ApiProblem && !error.passing) await this.post(`/${id}/undo`);
      throw error;
    }
  }

  private async clear(anew: Values, report: ImportReport): Promise<void> {
    const kept = new Set([
      ...report.items.filter(({ outcome }) => outcome === "failed").map(({ key }) => key),
      ...report.sources.filter(({ problem }) => problem !== null).map(({ key }) => key),
    ]);
    for (const [key, raw] of Object.entries(anew)) {
      if (!kept.has(key) && localStorage.getItem(key) === raw) localStorage.removeItem(key);
    }
    if (kept.size > 0) localStorage.setItem(SETTLED, await fingerprint(oldValues()));
  }

  private async post<T>(path: string, body: object = {}): Promise<T> {
    return (await request<T>(this.session, this.path + path, { method: "POST", body })).body;
  }

  private tell(step: string, share: number): void {
    this.state.next({ state: "running", step, share });
  }
}

function oldValues(): Values {
  return Object.fromEntries(KEYS.map((key) => [key, localStorage.getItem(key)]));
}

function isEmpty(values: Values): boolean {
  return Object.values(values).every((raw) => raw === null);
}

function putBack(key: string, name: string, items: readonly unknown[]): void {
  if (items.length > 0) localStorage.setItem(key, JSON.stringify({ state: { [name]: items }, version: 0 }));
}

function mapped(values: Values, change: (raw: string | null) => string | null): Values {
  return Object.fromEntries(Object.entries(values).map(([key, raw]) => [key, change(raw)]));
}

async function fingerprint(values: Values): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(values).toWellFormed());
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest.slice(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
