/** Who else has the workspace open. */
import { Avatar, Tooltip } from "@mantine/core";
import { useSigned } from "~/session/SessionGate";
import { useSync } from "~/workspace/WorkspaceProvider";

const SHOWN = 4;

export function Present() {
  const { session } = useSigned();
  const others = (useSync()?.present ?? []).filter((user) => user !== session.userId);
  if (others.length === 0) return null;
  return (
    <Avatar.Group role="group" aria-label={`Here now: ${others.join(", ")}`} visibleFrom="xs">
      {others.slice(0, SHOWN).map((user) => (
        <Tooltip key={user} label={`${user} is here`}>
          <Avatar size={26} name={user} color="initials" className="tinted" tabIndex={0} />
        </Tooltip>
      ))}
      {others.length > SHOWN && <Avatar size={26}>+{others.length - SHOWN}</Avatar>}
    </Avatar.Group>
  );
}
