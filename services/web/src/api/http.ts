/** Requests with the session's token; answers that are not 2xx become `ApiProblem`s that say what to do. */
import type { Problem } from "@agentbus/contracts";
import type { Session } from "~/session/session";

export class ApiProblem extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }

  /** Whether the same request may succeed later. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export interface Answer<T> {
  readonly body: T;
  /** The address of the next page, if there is one. */
  readonly next: string | null;
  readonly etag: string | null;
}

interface Options {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
}

export async function request<T>(session: Session, path: string, options: Options = {}): Promise<Answer<T>> {
  const response = await answered(session, path, options);
  const body = response.status === 204 ? undefined : await response.json();
  return { body: body as T, next: nextIn(response.headers.get("link")), etag: response.headers.get("etag") };
}

/** Returns the answer when it is 2xx, its body not read yet; raises ApiProblem. */
export async function answered(session: Session, path: string, options: Options = {}): Promise<Response> {
  const headers: Record<string, string> = { authorization: `Bearer ${session.token}`, ...options.headers };
  if (session.named && session.workspaceId !== "") headers["x-workspace-id"] = session.workspaceId;
  if (options.body !== undefined) headers["content-type"] = "application/json";
  const init = { method: options.method ?? "GET", headers, signal: options.signal ?? null };
  let response: Response;
  try {
    response = await fetch(path, { ...init, body: options.body === undefined ? null : JSON.stringify(options.body) });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ApiProblem(0, "offline", "The system does not answer. What you see may be old; it is tried again.");
  }
  if (!response.ok) throw await problemIn(response);
  return response;
}

async function problemIn(response: Response): Promise<ApiProblem> {
  const problem = (await response.json().catch(() => ({}))) as Partial<Problem>;
  const message = problem.detail ?? problem.title ?? `The answer was ${response.status}.`;
  return new ApiProblem(response.status, problem.code ?? `http_${response.status}`, message);
}

function nextIn(link: string | null): string | null {
  const found = link?.match(/<([^>]+)>\s*;\s*rel="?next"?/);
  if (!found?.[1]) return null;
  const url = new URL(found[1], location.origin);
  return url.pathname + url.search;
}
