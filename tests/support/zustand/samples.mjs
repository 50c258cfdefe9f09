// Tasks and environments as people had them: all statuses and message types, long prompts, every odd character.

/** Random numbers that are the same for the same seed (mulberry32). */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const STATUSES = ["IN_PROGRESS", "DONE", "MERGED", "PAUSED", "CANCELLED"];
const WORDS = "mend the parser so that it reads what people write: naïve, 日本語, emoji 👩🏽‍🚀, \t tabs and \"quotes\"".split(" ");
const START = Date.UTC(2025, 4, 1);

function words(next, count) {
  return Array.from({ length: count }, () => WORDS[Math.floor(next() * WORDS.length)]).join(" ");
}

function uuid(next) {
  const hex = Array.from({ length: 32 }, () => Math.floor(next() * 16).toString(16)).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function conversation(next, length) {
  const call = `call_${Math.floor(next() * 1e9)}`;
  return [
    { role: "user", type: "message", data: { text: words(next, length), id: null } },
    { role: "assistant", type: "local_shell_call", data: { call_id: call, action: { command: ["bash", "-lc", "ls -la"] } } },
    { role: "assistant", type: "local_shell_call_output", data: { call_id: call, output: "\u001b[32mok\u001b[0m\r\n" + words(next, length) } },
    { role: "assistant", type: "message", data: { text: words(next, length), isStreaming: false, streamId: "s1", chunkIndex: 2, totalChunks: 3 } },
  ];
}

/** Task number `index`, whose conversation has texts of so many words. */
export function task(next, index, length) {
  const at = new Date(START + index * 60_000);
  return {
    id: uuid(next),
    title: index % 50 === 7 ? words(next, 1200) : words(next, 8),
    description: words(next, 12),
    messages: index % 3 ? conversation(next, length).slice(0, 1) : conversation(next, length),
    status: STATUSES[index % 5],
    branch: index % 3 ? `agent/mend-${index}` : "",
    repository: "acme/site",
    sessionId: uuid(next),
    createdAt: index % 4 ? at.toISOString() : at.getTime(),
    updatedAt: index % 7 ? new Date(at.getTime() + 5_000).toISOString() : at.getTime() + 5_000,
    isArchived: index % 10 === 0,
    hasChanges: index % 2 === 0,
    mode: index % 3 ? "code" : "ask",
    ...(index % 6 ? {} : { statusMessage: "Working on your task…" }),
    ...(index % 5 === 2 ? { pullRequest: { number: index, html_url: `https://example.org/pull/${index}`, additions: 0.1 + index } } : {}),
    ...(index % 9 ? {} : { estimate: { hours: 1e21 / (index + 1), tiny: 5e-324, notANumber: NaN, nothing: undefined } }),
  };
}

/** Environment number `index`, with a token that must stay where it is. */
export function environment(next, index) {
  return {
    id: uuid(next),
    name: `Site ${index}`,
    description: words(next, 6),
    githubOrganization: "acme",
    githubToken: `ghp_${uuid(next).replaceAll("-", "")}Ab1\\"x`,
    githubRepository: "acme/site",
    createdAt: new Date(START).toISOString(),
    updatedAt: START + index,
  };
}

/** What the last character of a cut-off emoji, NUL and names out of order look like. */
export function oddTask(next) {
  return {
    ...task(next, 1, 4),
    title: "cut off \ud83d and \udc4b turned round \0",
    messages: [{ role: "assistant", type: "not_yet_known", data: { "\ufb33": 1, "\u{1f600}": 2, "é": [-0, 1e-7, 123456789012345680000] } }],
  };
}
