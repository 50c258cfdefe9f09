/**
 * The workspace's socket: changes as they happen, and who is here. Whoever connects is told to pull first, so
 * nothing is missed however long the socket was away. Called by open.ts.
 */
import type { Frame, WorkspaceChange } from "@agentbus/contracts";
import { Subject } from "rxjs";
import type { Session } from "~/session/session";

const FINAL: ReadonlySet<number> = new Set([4400, 4401, 4403, 4404]);
const LONGEST_WAIT_MS = 10_000;

export class WorkspaceSocket {
  readonly changes = new Subject<WorkspaceChange>();
  /** Pull now: changes may be missing. */
  readonly resync = new Subject<void>();
  readonly presence = new Subject<readonly string[]>();
  readonly connected = new Subject<boolean>();
  private socket: WebSocket | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  private closed = false;
  private readonly session: Session;

  constructor(session: Session) {
    this.session = session;
    addEventListener("online", this.reconnect);
    addEventListener("offline", this.drop);
    this.open();
  }

  close(): void {
    this.closed = true;
    removeEventListener("online", this.reconnect);
    removeEventListener("offline", this.drop);
    clearTimeout(this.timer);
    this.socket?.close(1000);
  }

  private readonly reconnect = (): void => {
    if (this.socket !== null || this.closed) return;
    clearTimeout(this.timer);
    this.open();
  };

  /** A cut line closes no socket for minutes; the browser knows of it at once. */
  private readonly drop = (): void => this.lost(0);

  private open(): void {
    const { token, workspaceId } = this.session;
    const path = `/api/v3/workspaces/${encodeURIComponent(workspaceId)}/socket?${new URLSearchParams({ token })}`;
    const socket = new WebSocket(location.origin.replace(/^http/, "ws") + path);
    this.socket = socket;
    socket.onmessage = (event: MessageEvent<string>) => {
      if (this.socket === socket) this.receive(JSON.parse(event.data) as Frame);
    };
    socket.onclose = (event) => {
      if (this.socket === socket) this.lost(event.code);
    };
  }

  private receive({ type, data = {} }: Frame): void {
    switch (type) {
      case "connection_established":
        this.failures = 0;
        this.connected.next(true);
        this.resync.next();
        return;
      case "workspace_change":
        this.changes.next(data as unknown as WorkspaceChange);
        return;
      case "resync":
        this.resync.next();
        return;
      case "presence":
        this.presence.next(data.user_ids as string[]);
        return;
      case "ping":
        this.socket?.send(JSON.stringify({ type: "pong" }));
    }
  }

  private lost(code: number): void {
    const socket = this.socket;
    this.socket = null;
    socket?.close();
    this.connected.next(false);
    this.presence.next([]);
    if (this.closed || FINAL.has(code)) return;
    clearTimeout(this.timer);
    const wait = Math.min(500 * 2 ** this.failures++, LONGEST_WAIT_MS) * (0.75 + Math.random() / 2);
    this.timer = setTimeout(() => this.open(), wait);
  }
}
