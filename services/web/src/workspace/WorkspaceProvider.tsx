/** Opens the workspace once the frame stands, and gives it to all pages, so that sync goes on everywhere. */
import { createContext, type ReactNode, useContext, useEffect, useState, useSyncExternalStore } from "react";
import { useSigned } from "~/session/SessionGate";
import type { LiveWorkspace, SyncState } from "./open";

type Opening = { readonly workspace: LiveWorkspace | null; readonly error: Error | null };

const NONE: Opening = { workspace: null, error: null };
const WorkspaceContext = createContext<Opening>(NONE);

export function WorkspaceProvider({ children }: { children: ReactNode }) {
  const { session } = useSigned();
  const [opening, setOpening] = useState<Opening>(NONE);
  useEffect(() => {
    let gone = false;
    const opened = import("./open").then(({ LiveWorkspace }) => LiveWorkspace.open(session));
    opened.then(
      (workspace) => !gone && setOpening({ workspace, error: null }),
      (error: Error) => !gone && setOpening({ workspace: null, error }),
    );
    return () => {
      gone = true;
      setOpening(NONE);
      void opened.then((workspace) => workspace.close()).catch(() => undefined);
    };
  }, [session]);
  return <WorkspaceContext value={opening}>{children}</WorkspaceContext>;
}

/** The workspace, or null while it opens; `error` says why it cannot. */
export function useWorkspace(): Opening {
  return useContext(WorkspaceContext);
}

const ALONE: SyncState = { socket: "connecting", waiting: 0, present: [] };

/** How the workspace stands; null while it opens. */
export function useSync(): SyncState | null {
  const { workspace } = useWorkspace();
  const state = useSyncExternalStore(
    (listener) => {
      const subscription = workspace?.state.subscribe(listener);
      return () => subscription?.unsubscribe();
    },
    () => workspace?.state.value ?? ALONE,
  );
  return workspace ? state : null;
}
