/** Running now on top, then what ended: with result and duration. */
import { Button, Group, Select, Skeleton, Stack, Text, TextInput, Title } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { IconPlayerPlay, IconPlus, IconSearch } from "@tabler/icons-react";
import { Link, Outlet, useNavigate, useSearch } from "@tanstack/react-router";
import { useRef } from "react";
import { hasEnded, type PlanStatus, usePlans } from "~/api/plans";
import { Empty, Trouble } from "~/frame/States";
import { PlanRow } from "./PlanRow";
import classes from "./Plans.module.css";

const STATUSES: { value: PlanStatus; label: string }[] = [
  { value: "in_progress", label: "Running" },
  { value: "pending_approval", label: "Needs approval" },
  { value: "pending_clarification", label: "Has a question" },
  { value: "completed", label: "Done" },
  { value: "failed", label: "Failed" },
  { value: "canceled", label: "Cancelled" },
];

export function PlansPage() {
  const { status, q } = useSearch({ from: "/plans" });
  const navigate = useNavigate({ from: "/plans" });
  const search = useRef<HTMLInputElement>(null);
  const listing = usePlans(status);
  useHotkeys([
    ["/", () => search.current?.focus()],
    ["n", () => void navigate({ to: "/plans/new" })],
  ]);
  const filter = (change: { status?: PlanStatus | undefined; q?: string | undefined }) =>
    navigate({
      search: (old) => Object.fromEntries(Object.entries({ ...old, ...change }).filter(([, value]) => value)),
      replace: true,
    });
  const words = (q ?? "").toLowerCase();
  const found = (listing.data?.pages ?? [])
    .flatMap((page) => page.body)
    .filter((plan) => plan.description.toLowerCase().includes(words) || plan.plan_id.startsWith(words));
  const running = found.filter((plan) => !hasEnded(plan.status));
  const ended = found.filter((plan) => hasEnded(plan.status));
  return (
    <div>
      <Group justify="space-between" mb="md">
        <Title order={1}>Plans</Title>
        <Button component={Link} to="/plans/new" leftSection={<IconPlus size={16} />}>
          Start a plan
        </Button>
      </Group>
      <Group gap="xs" mb="lg" wrap="nowrap">
        <TextInput
          ref={search}
          className={classes.search}
          placeholder="Filter by goal or id"
          aria-label="Filter by goal or id"
          leftSection={<IconSearch size={16} />}
          value={q ?? ""}
          onChange={(event) => void filter({ q: event.currentTarget.value })}
        />
        <Select
          aria-label="Status"
          placeholder="Any status"
          data={STATUSES}
          value={status ?? null}
          clearable
          w={170}
          onChange={(value) => void filter({ status: value ?? undefined })}
        />
      </Group>
      {listing.error && !listing.data && <Trouble error={listing.error} retry={() => void listing.refetch()} />}
      {listing.isPending && !listing.error && <Waiting />}
      {listing.data && found.length === 0 && <Nothing filtered={Boolean(status || q)} />}
      {running.length > 0 && <Section title="Running now" plans={running} />}
      {ended.length > 0 && <Section title="Finished" plans={ended} />}
      {listing.hasNextPage && (
        <Button variant="subtle" fullWidth mt="sm" loading={listing.isFetchingNextPage} onClick={() => void listing.fetchNextPage()}>
          Show older plans
        </Button>
      )}
      <Outlet />
    </div>
  );
}

function Section({ title, plans }: { title: string; plans: Parameters<typeof PlanRow>[0]["plan"][] }) {
  return (
    <section aria-label={title}>
      <Text component="h2" className={classes.heading}>
        {title} <span className="figures">{plans.length}</span>
      </Text>
      <ul className={classes.list}>
        {plans.map((plan) => (
          <PlanRow key={plan.plan_id} plan={plan} />
        ))}
      </ul>
    </section>
  );
}

function Waiting() {
  return (
    <Stack gap={1} aria-label="Loading plans" role="status">
      {[0, 1, 2, 3, 4].map((row) => (
        <Group key={row} h={60} wrap="nowrap">
          <Skeleton circle height={18} />
          <Skeleton height={14} width={`${62 - row * 7}%`} />
        </Group>
      ))}
    </Stack>
  );
}

function Nothing({ filtered }: { filtered: boolean }) {
  if (filtered) {
    return (
      <Empty
        icon={<IconSearch size={24} />}
        title="No plan matches"
        action={
          <Button component={Link} to="/plans" variant="default">
            Show all plans
          </Button>
        }
      >
        Among the plans that are loaded, none has this goal or status.
      </Empty>
    );
  }
  return (
    <Empty
      icon={<IconPlayerPlay size={24} />}
      title="No plans yet"
      action={
        <Button component={Link} to="/plans/new" leftSection={<IconPlus size={16} />}>
          Start a plan
        </Button>
      }
    >
      A plan is a goal that a team of agents works on. You watch each step, and what it found stays here.
    </Empty>
  );
}
