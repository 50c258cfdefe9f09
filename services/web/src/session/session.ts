/**
 * Who is signed in: the access token, and what it says. The token comes in the address's fragment, which no
 * server and no log sees, and is taken out of the address at once. It is kept so that a closed browser, also
 * an offline one, opens again where it was; sign-out removes it.
 */
import type { ListedWorkspace } from "@agentbus/contracts";

const KEY = "agentbus.session";
const CHOSEN = "agentbus.workspace";

export type Role = ListedWorkspace["role"];

export interface Session {
  readonly token: string;
  readonly userId: string;
  /** Empty while it is not known: the token does not say, and the system was not asked yet. */
  readonly workspaceId: string;
  readonly role: Role;
  /** Whether requests must name the workspace, because the token does not. */
  readonly named: boolean;
  /** Milliseconds since 1970; null: the token does not say. */
  readonly expiresAt: number | null;
}

/** Returns the session that the token stands for; null when it is none that we can read. */
export function sessionOf(token: string): Session | null {
  const open = { token, workspaceId: "", role: "viewer" as Role, named: true, expiresAt: null };
  if (/^ab_\w+_\S+$/.test(token)) return { ...open, userId: "" };
  try {
    const claims = JSON.parse(fromBase64Url(token.split(".")[1] ?? "")) as Record<string, unknown>;
    if (typeof claims.sub !== "string") return null;
    const expiresAt = typeof claims.exp === "number" ? claims.exp * 1000 : null;
    const session = { ...open, userId: claims.sub, expiresAt };
    if (typeof claims.workspace !== "string") return session;
    return { ...session, workspaceId: claims.workspace, role: (claims.role ?? "viewer") as Role, named: false };
  } catch {
    return null;
  }
}

/** Returns the session in the workspace, of which the system has said that it is the caller's. */
export function within(session: Session, { workspace_id, role }: ListedWorkspace): Session {
  return { ...session, workspaceId: workspace_id, role };
}

/** Takes the token out of `#token=…`; what it stands for may lack its workspace. */
export function arrivingSession(): Session | null {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token === null) return null;
  history.replaceState(null, "", location.pathname + location.search);
  return sessionOf(token);
}

/** Returns the session kept before, unless it has expired. */
export function keptSession(): Session | null {
  const session = sessionOf(localStorage.getItem(KEY) ?? "");
  if (!session || (session.expiresAt !== null && session.expiresAt < Date.now())) return null;
  if (!session.named) return session;
  const chosen = localStorage.getItem(CHOSEN);
  return chosen === null ? null : within(session, JSON.parse(chosen) as ListedWorkspace);
}

export function keepSession({ token, workspaceId: workspace_id, role }: Session): void {
  localStorage.setItem(KEY, token);
  localStorage.setItem(CHOSEN, JSON.stringify({ workspace_id, role }));
}

export function forgetSession(): void {
  localStorage.removeItem(KEY);
  localStorage.removeItem(CHOSEN);
}

function fromBase64Url(text: string): string {
  const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  return new TextDecoder().decode(bytes);
}
