/** A text field of a document, edited in place: a draft at every key stroke, stored after a pause or when it is left. */
import { useEffect, useRef, useState } from "react";
import { useSigned } from "~/session/SessionGate";
import type { CollectionName } from "./documents";
import { draftKey, dropDraft, keepDraft } from "./drafts";
import { useWorkspace } from "./WorkspaceProvider";

const PAUSE_MS = 400;

export function useEdit(collection: CollectionName, id: string, field: string, stored: string) {
  const { workspace } = useWorkspace();
  const { session } = useSigned();
  const [draft, setDraft] = useState<string | null>(null);
  const key = draftKey(session.workspaceId, collection, id, field);
  const keep = async (value: string | null) => {
    if (value === null || !workspace) return;
    await workspace.edit(collection, id, { [field]: value });
    dropDraft(key, value);
  };
  const latest = useRef(() => Promise.resolve());
  latest.current = () => keep(draft);
  useEffect(() => {
    if (draft === null) return;
    const timer = setTimeout(() => void latest.current(), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [draft]);
  useEffect(() => () => void latest.current(), []);
  return {
    value: draft ?? stored,
    onChange: (event: { currentTarget: { value: string } }) => {
      keepDraft(key, event.currentTarget.value);
      setDraft(event.currentTarget.value);
    },
    onBlur: () => void latest.current().then(() => setDraft(null)),
  };
}
