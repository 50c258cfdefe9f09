/**
 * Who is signed in: the access token, and what it says. The token comes in the address's fragment, which no
 * server and no log sees, and is taken out of the address at once. It is kept so that a closed browser, also
 * an offline one, opens again where it was; sign-out removes it.
 */
const KEY = "agentbus.session";

export interface Session {
  readonly token: string;
  readonly userId: string;
  readonly workspaceId: string;
  readonly role: string;
  /** Milliseconds since 1970; null: the token does not say. */
  readonly expiresAt: number | null;
}

/** Returns the session that the token stands for; null when it is none that we can read. */
export function sessionOf(token: string): Session | null {
  if (/^ab_\w+_\S+$/.test(token)) {
    return { token, userId: "", workspaceId: "default", role: "editor", expiresAt: null };
  }
  try {
    const claims = JSON.parse(fromBase64Url(token.split(".")[1] ?? "")) as Record<string, unknown>;
    if (typeof claims.sub !== "string") return null;
    return {
      token,
      userId: claims.sub,
      workspaceId: typeof claims.workspace === "string" ? claims.workspace : "default",
      role: typeof claims.role === "string" ? claims.role : "viewer",
      expiresAt: typeof claims.exp === "number" ? claims.exp * 1000 : null,
    };
  } catch {
    return null;
  }
}

/** Takes the token out of `#token=…`, else the one kept before. */
export function restoreSession(): Session | null {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token !== null) {
    history.replaceState(null, "", location.pathname + location.search);
    const session = sessionOf(token);
    if (session) keepSession(session);
  }
  const kept = localStorage.getItem(KEY);
  const session = kept === null ? null : sessionOf(kept);
  return session?.expiresAt != null && session.expiresAt < Date.now() ? null : session;
}

export function keepSession(session: Session): void {
  localStorage.setItem(KEY, session.token);
}

export function forgetSession(): void {
  localStorage.removeItem(KEY);
}

function fromBase64Url(text: string): string {
  const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  return new TextDecoder().decode(bytes);
}
