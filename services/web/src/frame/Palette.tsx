/** Ctrl/⌘ K: pages, actions and plans by name. Loaded when it is asked for the first time (Frame). */
import { Spotlight, type SpotlightActionData, type SpotlightActionGroupData } from "@mantine/spotlight";
import { IconPlus, IconSearch } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { usePlans } from "~/api/plans";
import { StatusIcon } from "~/plans/Status";
import { useSections } from "./sections";

export function Palette() {
  const navigate = useNavigate();
  const { data } = usePlans(undefined);
  const pages: SpotlightActionData[] = useSections().map(({ to, label, icon: Icon }) => ({
    id: to,
    label,
    leftSection: <Icon size={18} />,
    onClick: () => void navigate({ to }),
  }));
  const groups: SpotlightActionGroupData[] = [
    {
      group: "Go to",
      actions: [
        { id: "new", label: "Start a plan", leftSection: <IconPlus size={18} />, onClick: () => void navigate({ to: "/plans/new" }) },
        ...pages,
      ],
    },
    {
      group: "Plans",
      actions: (data?.pages ?? [])
        .flatMap((page) => page.body)
        .map((plan) => ({
          id: plan.plan_id,
          label: plan.description.slice(0, 120),
          leftSection: <StatusIcon status={plan.status} />,
          onClick: () => void navigate({ to: "/plan/$planId", params: { planId: plan.plan_id } }),
        })),
    },
  ];
  return (
    <Spotlight
      actions={groups}
      shortcut={null}
      limit={12}
      scrollable
      maxHeight={420}
      centered={false}
      overlayProps={{ backgroundOpacity: 0.25, blur: 0 }}
      nothingFound="Nothing by that name"
      searchProps={{ leftSection: <IconSearch size={18} />, placeholder: "Search or jump to…", "aria-label": "Search or jump to" }}
    />
  );
}
