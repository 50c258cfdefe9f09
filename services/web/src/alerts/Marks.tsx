/** An alert's state and severity, by icon and word. */
import type { Alert } from "@agentbus/contracts";
import {
  IconAlertOctagonFilled,
  IconAlertTriangleFilled,
  IconBellOff,
  IconCircleCheck,
  IconFlame,
  IconHourglass,
  IconServer,
  IconUserCheck,
  type IconProps,
} from "@tabler/icons-react";
import type { ComponentType } from "react";
import type { AlertState, Severity } from "~/api/alerts";
import { Tag } from "~/observe/Tag";
import { exact } from "~/time";

interface Look {
  readonly word: string;
  readonly color: string;
  readonly icon: ComponentType<IconProps>;
}

export const STATE_LOOKS: Readonly<Record<AlertState, Look>> = {
  firing: { word: "Firing", color: "red", icon: IconFlame },
  pending: { word: "Pending", color: "gray", icon: IconHourglass },
  acknowledged: { word: "Acknowledged", color: "indigo", icon: IconUserCheck },
  resolved: { word: "Resolved", color: "teal", icon: IconCircleCheck },
};

const SEVERITIES: Readonly<Record<Severity, Look>> = {
  critical: { word: "Critical", color: "red", icon: IconAlertOctagonFilled },
  warning: { word: "Warning", color: "orange", icon: IconAlertTriangleFilled },
};

/** Coloured while it matters: what is resolved is quiet. */
export function SeverityIcon({ severity, quiet = false }: { severity: Severity; quiet?: boolean }) {
  const { icon: Icon, color, word } = SEVERITIES[severity];
  const shade = quiet ? "var(--quiet)" : `light-dark(var(--mantine-color-${color}-7), var(--mantine-color-${color}-4))`;
  return <Icon size={18} color={shade} aria-label={word} role="img" style={{ flex: "none", marginTop: 1 }} />;
}

export function SeverityTag({ severity }: { severity: Severity }) {
  const { word, color } = SEVERITIES[severity];
  return <Tag word={word} color={color} />;
}

export function StateTag({ state }: { state: AlertState }) {
  const { word, color, icon: Icon } = STATE_LOOKS[state];
  return <Tag word={word} color={color} icon={<Icon size={12} aria-hidden />} />;
}

/** What else is to be known at a glance: that nobody is told, that it is the whole system's. */
export function Notes({ alert }: { alert: Alert }) {
  return (
    <>
      {alert.workspace_id === null && <Tag word="System" color="gray" icon={<IconServer size={12} aria-hidden />} />}
      {alert.silenced_until && alert.state !== "resolved" && (
        <span title={`until ${exact(alert.silenced_until)}`}>
          <Tag word="Silenced" color="gray" icon={<IconBellOff size={12} aria-hidden />} />
        </span>
      )}
    </>
  );
}
