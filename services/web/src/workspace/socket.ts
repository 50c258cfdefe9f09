/**
 * The workspace's socket: changes as they happen, and who is here. Whoever connects is told to pull first, so
 * nothing is missed however long the socket was away. Called by open.ts.
 */
import type { Frame, WorkspaceChange } from "@agentbus/contracts";
import { BehaviorSubject, Subject } from "rxjs";
import { afterClose } from "~/api/closes";
import type { Session } from "~/session/session";

/** `lost`: it is tried again. `expired` and `refused`: it is not; the token does not hold, or not here. */
export type SocketState = "connecting" | "connected" | "lost" | "expired" | "refused";

export class WorkspaceSocket {
  readonly changes = new Subject<WorkspaceChange>();
  /** Pull now: changes may be missing. */
  readonly resync = new Subject<void>();
  readonly presence = new Subject<readonly string[]>();
  readonly state = new BehaviorSubject<SocketState>("connecting");
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
  private readonly drop = (): void => {
    if (!this.closed) this.lost(0);
  };

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
        this.state.next("connected");
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
    clearTimeout(this.timer);
    this.presence.next([]);
    const next = afterClose(code, this.failures++);
    if (typeof next === "string") {
      this.close();
      this.state.next(next);
      return;
    }
    this.state.next("lost");
    if (!this.closed) this.timer = setTimeout(() => this.open(), next);
  }
}
