/** In which workspace one is, and the way into another: the token decides which there are. */
import { Menu, Text, UnstyledButton } from "@mantine/core";
import { IconCheck, IconKey, IconSelector } from "@tabler/icons-react";
import { useWorkspaces } from "~/api/workspace";
import { useSigned } from "~/session/SessionGate";
import classes from "./Frame.module.css";

export function Switcher() {
  const { session, signOut, switchTo } = useSigned();
  const { data } = useWorkspaces();
  const here = { workspace_id: session.workspaceId, role: session.role, seq: 0 };
  const found = data?.body ?? [];
  const workspaces = found.some(({ workspace_id }) => workspace_id === here.workspace_id) ? found : [here, ...found];
  return (
    <Menu position="bottom-start" width={260}>
      <Menu.Target>
        <UnstyledButton className={classes.switcher} aria-label={`Workspace ${here.workspace_id}`}>
          <span>{here.workspace_id}</span>
          <IconSelector size={15} aria-hidden />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label c="var(--quiet)">Workspaces of your token</Menu.Label>
        {workspaces.map((workspace) => {
          const current = workspace.workspace_id === here.workspace_id;
          return (
            <Menu.Item
              key={workspace.workspace_id}
              aria-current={current}
              leftSection={<IconCheck size={16} visibility={current ? "visible" : "hidden"} />}
              rightSection={
                <Text size="xs" c="var(--quiet)">
                  {workspace.role}
                </Text>
              }
              onClick={() => !current && switchTo(workspace)}
            >
              <span className={classes.workspace}>{workspace.workspace_id}</span>
            </Menu.Item>
          );
        })}
        <Menu.Divider />
        <Menu.Item leftSection={<IconKey size={16} />} onClick={() => signOut("Sign in with a token of the other workspace.")}>
          Use another token
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
