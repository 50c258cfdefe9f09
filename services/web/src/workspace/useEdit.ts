/** A field that is edited in place: kept at once when it is left, after a pause while it is written. */
import { useEffect, useRef, useState } from "react";

const PAUSE_MS = 400;

export function useEdit(stored: string, keep: (value: string) => void) {
  const [draft, setDraft] = useState<string | null>(null);
  const latest = useRef({ draft, keep });
  latest.current = { draft, keep };
  const flush = () => {
    const { draft: value, keep: store } = latest.current;
    if (value !== null) store(value);
    setDraft(null);
  };
  useEffect(() => {
    if (draft === null) return;
    const timer = setTimeout(() => latest.current.keep(draft), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [draft]);
  useEffect(() => {
    // A tab that is closed or hidden loses nothing that was typed.
    const leave = () => latest.current.draft !== null && latest.current.keep(latest.current.draft);
    addEventListener("pagehide", leave);
    return () => {
      removeEventListener("pagehide", leave);
      leave();
    };
  }, []);
  return {
    value: draft ?? stored,
    onChange: (event: { currentTarget: { value: string } }) => setDraft(event.currentTarget.value),
    onBlur: flush,
  };
}
