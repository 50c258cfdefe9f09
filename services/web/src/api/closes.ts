/** What follows when the gateway closed a socket (the close codes of its README), or a stream broke. Pure. */
const REFUSED: ReadonlySet<number> = new Set([4400, 4403, 4404]);
const [EXPIRED, TOO_MANY] = [4401, 4429];
const [FIRST_WAIT_MS, LONGEST_WAIT_MS, TOO_MANY_WAIT_MS] = [500, 10_000, 30_000];

/** `expired`: sign in anew; `refused`: it stays so, do not ask again; else in how many milliseconds to try again. */
export function afterClose(code: number, failures: number): "expired" | "refused" | number {
  if (code === EXPIRED) return "expired";
  if (REFUSED.has(code)) return "refused";
  return code === TOO_MANY ? spread(TOO_MANY_WAIT_MS) : afterFailure(failures);
}

/** In how many milliseconds to try again, after so many failures in a row before this one. */
export function afterFailure(failures: number): number {
  return spread(Math.min(FIRST_WAIT_MS * 2 ** failures, LONGEST_WAIT_MS));
}

/** Not all at once when the system is back. */
function spread(wait: number): number {
  return wait * (0.75 + Math.random() / 2);
}
