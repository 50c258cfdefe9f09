/**
 * Server-sent events by `fetch`, because `EventSource` can send no token (HTML Living Standard, 9.2: of it what our
 * services use, `data:` lines and comments). Called by alerts/follow.ts.
 */
import type { Session } from "~/session/session";
import { answered } from "./http";

/** The services say something each 15 s; a stream that is silent for longer has broken off unseen. */
const SILENT_MS = 45_000;

/** Gives each event of the stream, parsed, until the server ends it. Raises ApiProblem, or what broke it. */
export async function* eventsOf(session: Session, path: string, signal: AbortSignal): AsyncGenerator<unknown> {
  const broken = new AbortController();
  const response = await answered(session, path, { signal: AbortSignal.any([signal, broken.signal]) });
  if (!response.body) return;
  let alarm: ReturnType<typeof setTimeout> | undefined;
  const heard = () => {
    clearTimeout(alarm);
    alarm = setTimeout(() => broken.abort(), SILENT_MS);
  };
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    heard();
    let rest = "";
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      heard();
      const [events, open] = eventsIn(rest + read.value);
      rest = open;
      yield* events;
    }
  } finally {
    clearTimeout(alarm);
  }
}

/** Returns the events that the text holds whole, and what it holds of the next one. Pure. */
export function eventsIn(text: string): [events: unknown[], rest: string] {
  const blocks = text.split("\n\n");
  const rest = blocks.pop() ?? "";
  const data = blocks.map((block) =>
    block
      .split("\n")
      .filter((line) => line.startsWith("data:"))
      .map((line) => line.slice(5).trimStart())
      .join("\n"),
  );
  return [data.filter((each) => each !== "").map((each) => JSON.parse(each) as unknown), rest];
}
