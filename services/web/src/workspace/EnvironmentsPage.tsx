/** Where tasks run: repositories and the secrets that they need. */
import { Button, Group, Skeleton, Text, UnstyledButton } from "@mantine/core";
import { IconPlus, IconServer2 } from "@tabler/icons-react";
import { Outlet, useNavigate } from "@tanstack/react-router";
import { Empty } from "~/frame/States";
import { useEnvironments, useWaitingKeys } from "./useDocuments";
import classes from "./Workspace.module.css";
import { useWorkspace } from "./WorkspaceProvider";

export function EnvironmentsPage() {
  const { workspace } = useWorkspace();
  const navigate = useNavigate();
  const [environments, waiting] = [useEnvironments(), useWaitingKeys()];
  const open = (id: string) => void navigate({ to: "/workspace/environments/$id", params: { id }, resetScroll: false });
  const create = async () => workspace && open(await workspace.create("environments", { name: "New environment" }));
  const add = (
    <Button leftSection={<IconPlus size={16} />} disabled={!workspace} onClick={() => void create()}>
      New environment
    </Button>
  );
  if (!environments) return <Skeleton height={200} role="status" aria-label="Opening the workspace" />;
  return (
    <>
      {environments.length === 0 ? (
        <Empty icon={<IconServer2 size={24} />} title="No environments yet" action={add}>
          An environment names a repository and keeps the secrets for it. Secrets are encrypted, and never shown again.
        </Empty>
      ) : (
        <Group justify="flex-end" mb="xs">
          {add}
        </Group>
      )}
      {environments
        .toSorted((a, b) => (a.name ?? "").localeCompare(b.name ?? ""))
        .map((environment) => (
          <UnstyledButton key={environment.id} className={classes.row} onClick={() => open(environment.id)}>
            <IconServer2 size={18} aria-hidden />
            <span className={classes.rowText}>
              <span className={classes.rowTitle}>{environment.name || "Unnamed environment"}</span>
              <Text component="span" size="xs" c="var(--quiet)">
                {[
                  [environment.githubOrganization, environment.githubRepository].filter(Boolean).join("/"),
                  environment.secretNames?.length ? `${environment.secretNames.length} secrets` : "",
                  waiting.has(`environments/${environment.id}`) ? "not sent yet" : "",
                ]
                  .filter(Boolean)
                  .join(" · ")}
              </Text>
            </span>
          </UnstyledButton>
        ))}
      <Outlet />
    </>
  );
}
