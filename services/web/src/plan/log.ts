/**
 * A plan as its messages tell it, folded one by one. Pure: no sockets, no clocks. An entry that changes is a
 * new object, so that a view draws only what changed. Called by the live plan (live.ts).
 */
import type {
  ActionCompleted,
  ActionFailed,
  ActionStarted,
  Message,
  PayloadByType,
  Plan,
  PlanCreated,
  Step,
  StreamingChunk,
} from "@agentbus/contracts";
import type { PlanStatus } from "~/api/plans";

export interface ActionEntry {
  readonly kind: "action";
  readonly key: string;
  readonly agent: string;
  readonly depth: number;
  readonly started: Message;
  readonly ended: Message | null;
}

export interface MessageEntry {
  readonly kind: "text" | "note" | "report" | "approval" | "question";
  readonly key: string;
  readonly agent: string;
  readonly message: Message;
  /** What a person answered to an approval or a question. */
  readonly answer: Message | null;
}

export type Entry = ActionEntry | MessageEntry;

export interface LiveText {
  readonly agent: string;
  readonly text: string;
}

const NOTES: ReadonlySet<string> = new Set([
  "plan_started",
  "plan_resumed",
  "system_message",
  "error_message",
  "timeout_notification",
  "plan_completed",
  "plan_failed",
  "plan_canceled",
  "plan_rejected",
]);
const STATUS: Readonly<Record<string, PlanStatus>> = {
  plan_created: "created",
  plan_started: "in_progress",
  plan_resumed: "in_progress",
  plan_approval_request: "pending_approval",
  plan_approval_response: "in_progress",
  user_clarification_request: "pending_clarification",
  user_clarification_response: "in_progress",
  plan_completed: "completed",
  plan_failed: "failed",
  plan_canceled: "canceled",
  plan_rejected: "rejected",
};

/** The payload of a message whose type is `T`. */
export function payloadOf<T extends keyof PayloadByType>(message: Message): PayloadByType[T] {
  return message.payload as unknown as PayloadByType[T];
}

export function startOf(entry: ActionEntry): ActionStarted {
  return payloadOf<"action_started">(entry.started);
}

export function failureOf({ ended }: ActionEntry): ActionFailed | null {
  return ended?.type === "action_failed" ? payloadOf<"action_failed">(ended) : null;
}

export function successOf({ ended }: ActionEntry): ActionCompleted | null {
  return ended?.type === "action_completed" ? payloadOf<"action_completed">(ended) : null;
}

export class PlanLog {
  lastSeq = 0;
  attempt = 0;
  status: PlanStatus = "created";
  created: Message | null = null;
  endedAt: string | null = null;
  entries: Entry[] = [];
  steps: Step[] = [];
  progress: { readonly done: number; readonly total: number } | null = null;
  /** Texts that are being written, by stream. */
  readonly streams = new Map<string, LiveText>();
  /** The request that waits for a person: its place in `entries`. */
  waiting: number | null = null;
  /** The final result, when the plan ended well: Markdown. */
  report: string | null = null;
  /** Whether the history that there was at the opening is all here. */
  complete = false;
  private readonly places = new Map<string, number>();
  private foretold: PlanStatus | null = null;

  get team(): PlanCreated["team"] | null {
    return this.created && payloadOf<"plan_created">(this.created).team;
  }

  /** Folds the message in; false when it was there already. */
  add(message: Message): boolean {
    if (message.seq <= this.lastSeq) return false;
    this.lastSeq = message.seq;
    this.attempt = message.attempt;
    this.status = this.foretold ?? this.statusAfter(message);
    this.place(message);
    return true;
  }

  /** Takes over how the plan ended, before its last messages are here. */
  foretell({ status, updated_at, result }: Plan): void {
    this.foretold = this.status = status;
    this.endedAt ??= updated_at;
    if (status === "completed") this.report = result ?? null;
  }

  stream(chunk: StreamingChunk): void {
    if (chunk.is_final) {
      this.streams.delete(chunk.stream_id);
      return;
    }
    const text = (this.streams.get(chunk.stream_id)?.text ?? "") + chunk.content;
    this.streams.set(chunk.stream_id, { agent: chunk.agent_name, text });
  }

  private statusAfter(message: Message): PlanStatus {
    if (message.type.startsWith("action_") && this.status === "created") return "in_progress";
    return STATUS[message.type] ?? this.status;
  }

  private place(message: Message): void {
    switch (message.type) {
      case "plan_created":
        this.created = message;
        return;
      case "action_started":
        return this.begin(message);
      case "action_completed":
      case "action_failed":
        return this.end(message);
      case "progress_update": {
        const { current_step, total_steps } = payloadOf<"progress_update">(message);
        this.progress = { done: current_step, total: total_steps };
        return;
      }
      case "plan_approval_request":
        this.steps = payloadOf<"plan_approval_request">(message).steps.map((step) => ({ ...step }));
        return this.ask(message, "approval");
      case "user_clarification_request":
        return this.ask(message, "question");
      case "plan_approval_response":
      case "user_clarification_response":
        return this.answered(message);
      case "final_result_message":
        this.streams.clear();
        if (payloadOf<"final_result_message">(message).status !== "completed") return;
        this.report = message.content;
        this.push(entryOf("report", message));
        return;
      case "plan_started":
        this.steps = (payloadOf<"plan_started">(message).steps ?? []).map((step) => ({ ...step }));
    }
    if (message.type in STATUS && this.statusAfter(message) !== "in_progress") this.finish(message);
    if (message.content === "") return;
    const kind = NOTES.has(message.type) ? "note" : "text";
    this.push(entryOf(kind, message));
  }

  private begin(message: Message): void {
    const id = message.action_id ?? message.message_id;
    this.mark(startStep(message), "in_progress");
    const parent = this.entries[this.places.get(message.parent_action_id ?? "") ?? -1];
    const depth = parent?.kind === "action" ? parent.depth + 1 : 0;
    const known = this.places.get(id);
    const entry: ActionEntry = { kind: "action", key: id, agent: message.agent_name, depth, started: message, ended: null };
    // A runner that took the plan over begins the action again.
    if (known !== undefined) this.replace(known, entry);
    else this.places.set(id, this.push(entry));
  }

  private end(message: Message): void {
    this.mark(startStep(message), message.type === "action_failed" ? "failed" : "completed");
    const place = this.places.get(message.action_id ?? "");
    const entry = place === undefined ? undefined : this.entries[place];
    if (place !== undefined && entry?.kind === "action") this.replace(place, { ...entry, ended: message });
  }

  private ask(message: Message, kind: "approval" | "question"): void {
    this.waiting = this.push(entryOf(kind, message));
  }

  private answered(message: Message): void {
    const place = this.waiting;
    const entry = place === null ? undefined : this.entries[place];
    if (place !== null && entry && entry.kind !== "action") this.replace(place, { ...entry, answer: message });
    this.waiting = null;
  }

  private finish(message: Message): void {
    this.endedAt = message.timestamp;
    this.waiting = null;
    this.streams.clear();
  }

  private mark(stepId: string | null | undefined, status: NonNullable<Step["status"]>): void {
    if (!stepId) return;
    this.steps = this.steps.map((step) => (step.id === stepId ? { ...step, status } : step));
  }

  private push(entry: Entry): number {
    // A finished text takes the place of the one that was being written.
    for (const [id, live] of this.streams) {
      if (live.agent === entry.agent && entry.kind === "text") this.streams.delete(id);
    }
    return this.entries.push(entry) - 1;
  }

  private replace(place: number, entry: Entry): void {
    this.entries[place] = entry;
  }
}

function startStep(message: Message): string | null | undefined {
  return (message.payload as { step_id?: string | null }).step_id;
}

function entryOf(kind: MessageEntry["kind"], message: Message): MessageEntry {
  return { kind, key: message.message_id, agent: message.agent_name, message, answer: null };
}
