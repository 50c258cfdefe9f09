/** What a person should know now: what fires first, then what is noticed, in hand, and over. */
import type { Alert } from "@agentbus/contracts";
import { Button, Select, Skeleton, Stack, Text } from "@mantine/core";
import { IconBell, IconBellOff, IconFilterOff } from "@tabler/icons-react";
import { Link, Outlet, useNavigate, useSearch } from "@tanstack/react-router";
import { useRef } from "react";
import { type AlertState, type Severity, useAlerts, useFollowing, useSilences } from "~/api/alerts";
import { Empty, Trouble } from "~/frame/States";
import { Filter } from "~/observe/Filter";
import classes from "~/observe/Observe.module.css";
import { count } from "~/observe/numbers";
import { useNow } from "~/time";
import { AlertRow } from "./AlertRow";
import { STATE_LOOKS } from "./Marks";
import { type AlertsSearch, filtersIn, STATES } from "./search";
import { useRowKeys } from "./useRowKeys";
import { RULES, ruleWords } from "./words";

type Listing = ReturnType<typeof useAlerts>;

export function AlertsPage() {
  const search = useSearch({ from: "/observe/alerts" });
  const lists = useLists(search);
  const now = useNow(5_000);
  const rows = useRef<HTMLDivElement>(null);
  const onKeyDown = useRowKeys(rows);
  const shown = STATES.map((state) => ({ state, listing: lists[state], alerts: alertsOf(lists[state]) }));
  const wanted = shown.filter(({ state }) => isWanted(state, search));
  const failed = wanted.find(({ listing }) => listing.error && !listing.data)?.listing;
  const loading = wanted.some(({ listing }) => !listing.data);
  return (
    <>
      <Filters search={search} />
      {failed?.error && <Trouble error={failed.error} retry={() => void failed.refetch()} />}
      {!failed && loading && <Waiting />}
      {!failed && !loading && <Standing lists={lists} search={search} />}
      {!failed && !loading && (
        <div ref={rows} onKeyDown={onKeyDown}>
          {wanted.map((each) => each.alerts.length > 0 && <Section key={each.state} {...each} now={now} />)}
          {wanted.every(({ alerts }) => alerts.length === 0) && <Nothing search={search} />}
        </div>
      )}
      <Outlet />
    </>
  );
}

/** A list a state: what fires is whole, however much is over. */
function useLists(search: AlertsSearch): Readonly<Record<AlertState, Listing>> {
  const filters = filtersIn(search);
  return {
    firing: useAlerts("firing", filters, isWanted("firing", search)),
    pending: useAlerts("pending", filters, isWanted("pending", search)),
    acknowledged: useAlerts("acknowledged", filters, isWanted("acknowledged", search)),
    resolved: useAlerts("resolved", filters, isWanted("resolved", search)),
  };
}

const isWanted = (state: AlertState, search: AlertsSearch) => search.state === undefined || search.state === state;

/** What nobody is told of comes last, what is critical first; else the newest. */
function alertsOf({ data }: Listing): readonly Alert[] {
  const found = data?.pages.flatMap(({ body }) => body) ?? [];
  const rank = ({ silenced_until, severity }: Alert) => (silenced_until ? 2 : 0) + (severity === "critical" ? 0 : 1);
  return found.toSorted((one, other) => (other.state === "resolved" ? 0 : rank(one) - rank(other)));
}

const HEARD: Readonly<Record<string, string>> = { true: "live", false: "asked every 5 s", null: "connecting" };

/** How it stands, told also to those who hear it; and whether it is told as it happens. */
function Standing({ lists, search }: { lists: Readonly<Record<AlertState, Listing>>; search: AlertsSearch }) {
  const following = useFollowing();
  const firing = alertsOf(lists.firing);
  const silenced = firing.filter(({ silenced_until }) => silenced_until).length;
  const number = `${firing.length === 0 ? "Nothing fires" : `${count(firing.length)} firing`}${silenced > 0 ? `, ${count(silenced)} silenced` : ""} · `;
  const stale = Object.values(lists).find(({ error, data }) => error && data);
  return (
    <Text size="sm" c="var(--quiet)" mb="md" role="status">
      {(search.state ?? "firing") === "firing" && number}
      {stale?.error ? `As of ${new Date(stale.dataUpdatedAt).toLocaleTimeString("en-GB")}: ${stale.error.message}` : HEARD[String(following)]}
    </Text>
  );
}

function Filters({ search }: { search: AlertsSearch }) {
  const navigate = useNavigate();
  const change = (changed: AlertsSearch) =>
    void navigate({
      to: "/observe/alerts",
      search: (old) => Object.fromEntries(Object.entries({ ...old, ...changed }).filter(([, value]) => value)),
      replace: true,
      resetScroll: false,
    });
  return (
    <div className={classes.selects}>
      <Select
        size="xs"
        aria-label="State"
        placeholder="Any state"
        data={STATES.map((value) => ({ value, label: STATE_LOOKS[value].word }))}
        value={search.state ?? null}
        clearable
        onChange={(state) => change({ state: state as AlertState })}
      />
      <Select
        size="xs"
        aria-label="Severity"
        placeholder="Any severity"
        data={[
          { value: "critical", label: "Critical" },
          { value: "warning", label: "Warning" },
        ]}
        value={search.severity ?? null}
        clearable
        onChange={(severity) => change({ severity: severity as Severity })}
      />
      <Select
        size="xs"
        aria-label="Rule"
        placeholder="Any rule"
        data={RULES.map((value) => ({ value, label: ruleWords(value) }))}
        value={search.rule ?? null}
        clearable
        searchable
        onChange={(rule) => change({ rule: rule as string })}
      />
      {search.plan && <Filter name="plan" value={search.plan.slice(0, 8)} onRemove={() => change({ plan: "" })} />}
      <SilencesLink />
    </div>
  );
}

function SilencesLink() {
  const { data } = useSilences();
  const now = useNow(10_000);
  const inForce = data?.filter(({ ends_at }) => Date.parse(ends_at) > now).length;
  return (
    <Button
      size="xs"
      variant="default"
      leftSection={<IconBellOff size={14} aria-hidden />}
      renderRoot={(props) => <Link {...props} to="/observe/alerts/silences" search={(old) => old} resetScroll={false} />}
    >
      Silences{inForce ? ` (${inForce})` : ""}
    </Button>
  );
}

interface SectionProps {
  readonly state: AlertState;
  readonly listing: Listing;
  readonly alerts: readonly Alert[];
  readonly now: number;
}

function Section({ state, listing, alerts, now }: SectionProps) {
  const { word } = STATE_LOOKS[state];
  return (
    <section aria-label={word} className={classes.section}>
      <Text component="h2" className={classes.heading}>
        {word}{" "}
        <span className="figures">
          {alerts.length}
          {listing.hasNextPage && "+"}
        </span>
      </Text>
      <ul className={classes.plain}>
        {alerts.map((alert) => (
          <AlertRow key={alert.alert_id} alert={alert} now={now} />
        ))}
      </ul>
      {listing.hasNextPage && (
        <Button variant="subtle" fullWidth mt="xs" size="xs" loading={listing.isFetchingNextPage} onClick={() => void listing.fetchNextPage()}>
          Show older ones
        </Button>
      )}
    </section>
  );
}

function Nothing({ search: { state, severity, rule, plan } }: { search: AlertsSearch }) {
  if (state || severity || rule || plan) {
    return (
      <Empty
        icon={<IconFilterOff size={24} />}
        title="No alert matches"
        action={
          <Button variant="default" renderRoot={(props) => <Link {...props} to="/observe/alerts" search={{}} />}>
            Show all alerts
          </Button>
        }
      >
        None has this state, severity or rule. Those that are over stay for some months.
      </Empty>
    );
  }
  return (
    <Empty icon={<IconBell size={24} />} title="No alerts">
      When something takes longer than it should, fails too often, costs too much or runs short, it is told here at
      once: with the probable cause, and what to do.
    </Empty>
  );
}

function Waiting() {
  return (
    <Stack gap="sm" aria-label="Loading alerts" role="status">
      <Skeleton height={12} width={80} />
      {[0, 1, 2].map((row) => (
        <Skeleton key={row} height={62} radius="md" />
      ))}
    </Stack>
  );
}
