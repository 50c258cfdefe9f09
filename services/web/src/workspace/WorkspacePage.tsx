/** The workspace: tasks, environments, conflicts, each with an address of its own. */
import { Badge, Tabs, Title } from "@mantine/core";
import { Outlet, useLocation, useNavigate } from "@tanstack/react-router";
import { useConflicts } from "~/api/workspace";
import { Trouble } from "~/frame/States";
import { useWorkspace } from "./WorkspaceProvider";

const TABS = [
  { to: "/workspace/tasks", label: "Tasks" },
  { to: "/workspace/environments", label: "Environments" },
  { to: "/workspace/conflicts", label: "Conflicts" },
] as const;

export function WorkspacePage() {
  const { error } = useWorkspace();
  const { data: conflicts } = useConflicts();
  const { pathname } = useLocation();
  const navigate = useNavigate();
  const open = (conflicts?.body ?? []).filter(({ undone }) => !undone).length;
  return (
    <div>
      <Title order={1} mb="xs">
        Workspace
      </Title>
      <Tabs
        value={TABS.find(({ to }) => pathname.startsWith(to))?.to ?? TABS[0].to}
        onChange={(to) => void navigate({ to: to ?? TABS[0].to })}
      >
        <Tabs.List mb="md">
          {TABS.map(({ to, label }) => (
            <Tabs.Tab
              key={to}
              value={to}
              rightSection={
                label === "Conflicts" && open > 0 ? (
                  <Badge size="sm" circle color="orange.8" my={-4}>
                    {open}
                  </Badge>
                ) : null
              }
            >
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <div role="tabpanel">
          {error ? (
            <Trouble error={new Error(`This browser does not let the app store anything: ${error.message}`)} />
          ) : (
            <Outlet />
          )}
        </div>
      </Tabs>
    </div>
  );
}
