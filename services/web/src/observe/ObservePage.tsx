/** What agents do, how well, what is slow, what broke; each page and its filters have an address. */
import { Badge, Group, SegmentedControl, Tabs, Title } from "@mantine/core";
import { Outlet, useLocation, useNavigate, useSearch } from "@tanstack/react-router";
import { useFiring } from "~/api/alerts";
import { type RangeName, RANGES } from "~/api/observability";
import { Filter } from "./Filter";
import classes from "./Observe.module.css";
import { FILTERS, observeSearch, type ObserveSearch } from "./search";

const TABS = [
  { to: "/observe/live", label: "Live" },
  { to: "/observe/agents", label: "Agents" },
  { to: "/observe/bottlenecks", label: "Bottlenecks" },
  { to: "/observe/errors", label: "Errors" },
  { to: "/observe/alerts", label: "Alerts" },
  { to: "/observe/plans", label: "Plans" },
] as const;
const ALERTS = "/observe/alerts";
/** What has no range, or filters of its own. */
const UNFILTERED: readonly string[] = ["/observe/live", ALERTS];

export function ObservePage() {
  const { pathname } = useLocation();
  const navigate = useNavigate();
  const firing = useFiring()?.length ?? 0;
  const shown = TABS.find(({ to }) => pathname.startsWith(to))?.to ?? (pathname.includes("/runbooks/") ? ALERTS : TABS[0].to);
  return (
    <div>
      <Title order={1} mb="xs">
        Observe
      </Title>
      <Tabs value={shown} onChange={(to) => void navigate({ to: (to ?? TABS[0].to) as typeof shown, search: keptIn })}>
        <Tabs.List mb="md" className={classes.tabs}>
          {TABS.map(({ to, label }) => (
            <Tabs.Tab
              key={to}
              value={to}
              rightSection={
                to === ALERTS && firing > 0 ? (
                  <Badge size="sm" circle color="red.8" my={-4} aria-label={`${firing} firing`}>
                    {firing}
                  </Badge>
                ) : null
              }
            >
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <div role="tabpanel" aria-label={TABS.find(({ to }) => to === shown)?.label}>
          {!UNFILTERED.includes(shown) && <Filters />}
          <Outlet />
        </div>
      </Tabs>
    </div>
  );
}

/** What goes along from page to page: an error's plans, and what alerts are filtered by, do not. */
function keptIn({ error: _, ...search }: ObserveSearch): ObserveSearch {
  return observeSearch(search as Record<string, unknown>);
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
            <Filter
              key={name}
              name={name.replace("_", " ")}
              value={(name === "error" ? search[name]?.slice(0, 8) : search[name]) || "none"}
              onRemove={() => change(({ [name]: _, ...old }) => old)}
            />
          ),
      )}
    </Group>
  );
}
