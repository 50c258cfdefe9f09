/** The plans that a figure is made of. */
import type { ObservedPlan } from "@agentbus/contracts";
import { Button, Skeleton } from "@mantine/core";
import { IconListSearch } from "@tabler/icons-react";
import { Link, useSearch } from "@tanstack/react-router";
import { useObservedPlans } from "~/api/observability";
import { Empty, Trouble } from "~/frame/States";
import { StatusIcon } from "~/plans/Status";
import { exact, relative, useNow } from "~/time";
import classes from "./Observe.module.css";
import { count, money, seconds } from "./numbers";
import { filtersIn } from "./search";

export function PlansBehind() {
  const search = useSearch({ from: "/observe" });
  const now = useNow(30_000);
  const query = { ...filtersIn(search), error: search.error };
  const listing = useObservedPlans({ range: search.range ?? "24h", query });
  if (listing.error && !listing.data) return <Trouble error={listing.error} retry={() => void listing.refetch()} />;
  if (!listing.data) return <Skeleton height={240} aria-label="Loading plans" role="status" />;
  const plans = listing.data.pages.flatMap((page) => page.body);
  if (plans.length === 0) {
    return (
      <Empty icon={<IconListSearch size={24} />} title="No plan began in this range">
        None that has what is filtered by. Choose a longer range, or take a filter away.
      </Empty>
    );
  }
  return (
    <div className={classes.scroll} tabIndex={0} role="region" aria-label="Plans">
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">Plan</th>
            <th scope="col">Duration</th>
            <th scope="col">Actions</th>
            <th scope="col">Failed</th>
            <th scope="col">Tokens</th>
            <th scope="col">Cost</th>
            <th scope="col">Began</th>
          </tr>
        </thead>
        <tbody>
          {plans.map((plan) => (
            <Row key={plan.plan_id} plan={plan} now={now} />
          ))}
        </tbody>
      </table>
      {listing.hasNextPage && (
        <Button variant="subtle" fullWidth mt="sm" loading={listing.isFetchingNextPage} onClick={() => void listing.fetchNextPage()}>
          Show older plans
        </Button>
      )}
    </div>
  );
}

function Row({ plan, now }: { plan: ObservedPlan; now: number }) {
  return (
    <tr>
      <td>
        <StatusIcon status={plan.status} size={14} />{" "}
        <Link to="/plan/$planId" params={{ planId: plan.plan_id }} search={{ view: "timeline" }}>
          {plan.description || plan.plan_id}
        </Link>
      </td>
      <td>{seconds(plan.seconds)}</td>
      <td>{count(plan.actions)}</td>
      <td>{count(plan.failures)}</td>
      <td>{count(plan.input_tokens + plan.output_tokens)}</td>
      <td>{money(plan.cost_usd)}</td>
      <td>
        <time dateTime={plan.created_at} title={exact(plan.created_at)}>
          {relative(plan.created_at, now)}
        </time>
      </td>
    </tr>
  );
}
