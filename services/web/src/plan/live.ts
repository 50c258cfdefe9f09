/**
 * A plan, live: what is stored of it, then its socket's history from there and what happens; each message once,
 * in order, over any number of reconnections (`after_seq`). A plan that has ended is shown with its first page,
 * one that runs when its end is here. Views are told at most once a frame. Called by usePlan.
 */
import type { Frame, Message, PlanWithMessages, StreamingChunk } from "@agentbus/contracts";
import { afterClose } from "~/api/closes";
import { type Answer, request } from "~/api/http";
import { hasEnded } from "~/api/plans";
import type { Session } from "~/session/session";
import { PlanLog } from "./log";

export type Connection =
  | { readonly state: "connecting" | "history" | "live" }
  /** It is tried again at `retryAt` (milliseconds since 1970). */
  | { readonly state: "lost"; readonly retryAt: number }
  /** It is not tried again. */
  | { readonly state: "refused"; readonly code: number; readonly reason: string };

export interface Snapshot {
  readonly version: number;
  readonly connection: Connection;
  readonly log: PlanLog;
}

/** After this the socket does not wait for the next page of what is stored: the database may be away. */
const STORED_WITHIN_MS = 3_000;
/** What fills a screen many times, and comes at once. */
const FIRST_MESSAGES = 200;
const PAGE_MESSAGES = 2_000;

export class LivePlan {
  private snapshot: Snapshot = { version: 0, connection: { state: "connecting" }, log: new PlanLog() };
  private connection: Connection = { state: "connecting" };
  private readonly listeners = new Set<() => void>();
  private socket: WebSocket | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private frame: number | null = null;
  private failures = 0;
  private historyUntil = 0;
  private reading = new AbortController();
  private readonly planId: string;
  private readonly session: Session;

  constructor(planId: string, session: Session) {
    this.planId = planId;
    this.session = session;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    if (this.listeners.size === 1) this.start();
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) this.stop();
    };
  };

  readonly getSnapshot = (): Snapshot => this.snapshot;

  /** Connects at once, instead of when it would be tried again. */
  readonly reconnect = (): void => {
    if (this.socket !== null) return;
    clearTimeout(this.timer);
    this.open();
  };

  private start(): void {
    addEventListener("online", this.reconnect);
    document.addEventListener("visibilitychange", this.reconnect);
    this.reading = new AbortController();
    const { signal } = this.reading;
    this.reconnectLater();
    void this.readStored(signal).then(() => !signal.aborted && this.reconnect());
  }

  /** What cannot be read here, for whatever reason, the socket brings, or tells why not. */
  private async readStored(signal: AbortSignal): Promise<void> {
    const { log } = this.snapshot;
    try {
      for (let limit = FIRST_MESSAGES, more = true; more; limit = PAGE_MESSAGES) {
        const { body, next } = await this.page(limit, signal);
        if (hasEnded(body.plan.status)) log.foretell(body.plan);
        for (const message of body.messages) log.add(message);
        more = next !== null;
        log.complete ||= !more && log.created !== null;
        if (log.complete || hasEnded(log.status)) this.tell(this.connection);
        if (this.socket === null && this.connection.state === "connecting") this.reconnectLater();
      }
    } catch {
      return;
    }
  }

  private page(limit: number, signal: AbortSignal): Promise<Answer<PlanWithMessages>> {
    const after = String(this.snapshot.log.lastSeq);
    const query = new URLSearchParams({ plan_id: this.planId, after_seq: after, limit: String(limit) });
    return request(this.session, `/api/v3/plan?${query}`, { signal });
  }

  private reconnectLater(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(this.reconnect, STORED_WITHIN_MS);
  }

  private stop(): void {
    removeEventListener("online", this.reconnect);
    document.removeEventListener("visibilitychange", this.reconnect);
    clearTimeout(this.timer);
    this.reading.abort();
    const socket = this.socket;
    this.socket = null;
    socket?.close(1000);
  }

  private open(): void {
    const { log } = this.snapshot;
    const query = new URLSearchParams({ after_seq: String(log.lastSeq), token: this.session.token });
    if (this.session.named) query.set("workspace_id", this.session.workspaceId);
    const origin = location.origin.replace(/^http/, "ws");
    const socket = new WebSocket(`${origin}/api/v3/socket/${encodeURIComponent(this.planId)}?${query}`);
    this.socket = socket;
    this.tell({ state: "connecting" });
    socket.onmessage = (event: MessageEvent<string>) => this.receive(JSON.parse(event.data) as Frame);
    socket.onclose = (event) => {
      if (this.socket === socket) this.closed(event);
    };
  }

  private receive(frame: Frame): void {
    const { log } = this.snapshot;
    const data = frame.data ?? {};
    if (frame.type === "connection_established") {
      this.failures = 0;
      this.historyUntil = Number(data.last_seq ?? 0);
      this.goOn();
    } else if (frame.type === "ping") {
      this.socket?.send(JSON.stringify({ type: "pong" }));
    } else if (typeof data.seq === "number") {
      log.add(data as unknown as Message);
      this.goOn();
    } else if (typeof data.stream_id === "string") {
      log.stream(data as unknown as StreamingChunk);
      this.tell(this.connection);
    }
  }

  private goOn(): void {
    const { log } = this.snapshot;
    const live = log.lastSeq >= this.historyUntil;
    log.complete ||= live;
    this.tell({ state: live ? "live" : "history" });
  }

  private closed(event: CloseEvent): void {
    this.socket = null;
    // Chunks are live only: the finished text comes as a message.
    this.snapshot.log.streams.clear();
    const wait = afterClose(event.code, this.failures++);
    if (typeof wait === "string") {
      this.tell({ state: "refused", code: event.code, reason: event.reason });
      return;
    }
    this.timer = setTimeout(() => this.open(), wait);
    this.tell({ state: "lost", retryAt: Date.now() + wait });
  }

  private tell(connection: Connection): void {
    this.connection = connection;
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      const { version, log } = this.snapshot;
      this.snapshot = { version: version + 1, connection: this.connection, log };
      for (const listener of this.listeners) listener();
    });
  }
}
