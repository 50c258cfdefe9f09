/** What agents do, how well, what is slow, what broke; each page and its filters have an address. */
import { CloseButton, Group, SegmentedControl, Tabs, Title } from "@mantine/core";
import { Outlet, useLocation, useNavigate, useSearch } from "@tanstack/react-router";
import { type RangeName, RANGES } from "~/api/observability";
import classes from "./Observe.module.css";
import { FILTERS, type ObserveSearch } from "./search";

const TABS = [
  { to: "/observe/live", label: "Live" },
  { to: "/observe/agents", label: "Agents" },
  { to: "/observe/bottlenecks", label: "Bottlenecks" },
  { to: "/observe/errors", label: "Errors" },
  { to: "/observe/plans", label: "Plans" },
] as const;

export function ObservePage() {
  const { pathname } = useLocation();
  const navigate = useNavigate();
  const shown = TABS.find(({ to }) => pathname.startsWith(to))?.to ?? TABS[0].to;
  return (
    <div>
      <Title order={1} mb="xs">
        Observe
      </Title>
      <Tabs value={shown} onChange={(to) => void navigate({ to: (to ?? TABS[0].to) as typeof shown, search: keptIn })}>
        <Tabs.List mb="md">
          {TABS.map(({ to, label }) => (
            <Tabs.Tab key={to} value={to}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <div role="tabpanel" aria-label={TABS.find(({ to }) => to === shown)?.label}>
          {shown !== "/observe/live" && <Filters />}
          <Outlet />
        </div>
      </Tabs>
    </div>
  );
}

/** What goes along from page to page: an error's plans do not. */
function keptIn({ error: _, ...search }: ObserveSearch): ObserveSearch {
  return search;
}

function Filters() {
  const search = useSearch({ from: "/observe" });
  const navigate = useNavigate();
  const change = (changed: (old: ObserveSearch) => ObserveSearch) =>
    void navigate({ to: ".", search: changed, replace: true, resetScroll: false });
  return (
    <Group mb="md" gap="xs">
      <SegmentedControl
        size="xs"
        aria-label="Range"
        value={search.range ?? "24h"}
        data={Object.keys(RANGES)}
        onChange={(range) => change((old) => ({ ...old, range: range as RangeName }))}
      />
      {([...FILTERS, "error"] as const).map(
        (name) =>
          search[name] !== undefined && (
            <span key={name} className={classes.filter}>
              {name.replace("_", " ")}: <b>{name === "error" ? search[name]?.slice(0, 8) : search[name] || "none"}</b>
              <CloseButton
                size="xs"
                aria-label={`Show every ${name.replace("_", " ")}`}
                onClick={() => change(({ [name]: _, ...old }) => old)}
              />
            </span>
          ),
      )}
    </Group>
  );
}
