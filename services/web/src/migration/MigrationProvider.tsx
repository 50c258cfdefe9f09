/** Starts the migration once, beside whatever page is open, and says above all pages how it goes. */
import { Alert, Anchor, Progress } from "@mantine/core";
import { IconDatabaseImport } from "@tabler/icons-react";
import { Link, useLocation } from "@tanstack/react-router";
import { createContext, type ReactNode, useContext, useEffect, useMemo, useSyncExternalStore } from "react";
import { useSigned } from "~/session/SessionGate";
import { Migrating, type Migration } from "./migration";

const MigratingContext = createContext<Migrating | null>(null);

export function MigrationProvider({ children }: { children: ReactNode }) {
  const { session } = useSigned();
  const migrating = useMemo(() => new Migrating(session), [session]);
  useEffect(() => {
    if (session.role !== "viewer") void migrating.start();
  }, [migrating, session.role]);
  return <MigratingContext value={migrating}>{children}</MigratingContext>;
}

export function useMigration(): { migrating: Migrating; migration: Migration } {
  const migrating = useContext(MigratingContext);
  if (!migrating) throw new Error("only inside MigrationProvider");
  const migration = useSyncExternalStore(
    (listener) => {
      const subscription = migrating.state.subscribe(listener);
      return () => subscription.unsubscribe();
    },
    () => migrating.state.value,
  );
  return { migrating, migration };
}

const SAID: Readonly<Record<Exclude<Migration["state"], "none">, string>> = {
  running: "Moving the tasks and environments of this browser into the workspace",
  refused: "Some of this browser's old data cannot be moved. Nothing was changed yet",
  moved: "The tasks and environments of this browser are in the workspace now",
  undone: "The move was taken back",
  failed: "The old data of this browser could not be moved. It is untouched",
};
const COLORS = { running: "indigo", refused: "orange", moved: "teal", undone: "gray", failed: "red" } as const;

export function MigrationNotice() {
  const { migration } = useMigration();
  const { pathname } = useLocation();
  if (migration.state === "none" || pathname === "/migration") return null;
  return (
    <Alert color={COLORS[migration.state]} icon={<IconDatabaseImport />} mb="md" role="status">
      {SAID[migration.state]}.{" "}
      <Anchor size="sm" underline="always" renderRoot={(props) => <Link {...props} to="/migration" />}>
        See the report
      </Anchor>
      {migration.state === "running" && <Progress value={migration.share} size={4} mt={8} aria-label={migration.step} />}
    </Alert>
  );
}
