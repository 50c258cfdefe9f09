/** The documents of a collection as they are in this browser, live. */
import type { Environment, Task } from "@agentbus/contracts";
import type { RxCollection } from "rxdb";
import { useEffect, useState } from "react";
import { useWorkspace } from "./WorkspaceProvider";

export function useTasks(): readonly Task[] | null {
  return useDocuments("tasks") as readonly Task[] | null;
}

export function useEnvironments(): readonly Environment[] | null {
  return useDocuments("environments") as readonly Environment[] | null;
}

/** Keys (`tasks/<id>`) of what the server does not have yet. */
export function useWaitingKeys(): ReadonlySet<string> {
  const { workspace } = useWorkspace();
  const [keys, setKeys] = useState<ReadonlySet<string>>(new Set());
  useEffect(() => {
    const subscription = workspace?.collections.waiting.find().$.subscribe((rows) => setKeys(new Set(rows.map(({ key }) => key))));
    return () => subscription?.unsubscribe();
  }, [workspace]);
  return keys;
}

function useDocuments(name: "tasks" | "environments"): readonly (Task | Environment)[] | null {
  const { workspace } = useWorkspace();
  const [documents, setDocuments] = useState<readonly (Task | Environment)[] | null>(null);
  useEffect(() => {
    const collection = workspace?.collections[name] as RxCollection<Task | Environment> | undefined;
    const subscription = collection
      ?.find()
      .$.subscribe((found) => setDocuments(found.map((document) => document.toJSON() as Task | Environment)));
    return () => subscription?.unsubscribe();
  }, [workspace, name]);
  return documents;
}
