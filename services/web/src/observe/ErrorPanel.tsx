/** One kind of error: its stack, what was called, each time it was met, and whether it is mended. */
import type { ErrorDetail } from "@agentbus/contracts";
import { Button, Code, Drawer, Group, Skeleton, Stack, Text } from "@mantine/core";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useErrorDetail, useErrorEvents, useErrorState } from "~/api/observability";
import { Trouble } from "~/frame/States";
import { useSigned } from "~/session/SessionGate";
import { exact } from "~/time";
import { CopyTrace } from "./CopyTrace";
import { State } from "./ErrorsPage";
import classes from "./Observe.module.css";
import { count } from "./numbers";

export function ErrorPanel() {
  const { fingerprint } = useParams({ from: "/observe/errors/$fingerprint" });
  const { range = "24h" } = useSearch({ from: "/observe" });
  const navigate = useNavigate();
  const { data, error, refetch } = useErrorDetail(fingerprint, { range });
  const close = () => void navigate({ to: "/observe/errors", search: (old) => old, resetScroll: false });
  return (
    <Drawer opened onClose={close} title={data?.type ?? "Error"} closeButtonProps={{ "aria-label": "Close" }}>
      {error && !data && <Trouble error={error} retry={() => void refetch()} />}
      {!data && !error && <Skeleton height={240} />}
      {data && <Panel error={data} />}
    </Drawer>
  );
}

function Panel({ error }: { error: ErrorDetail }) {
  const { example } = error;
  return (
    <Stack gap="md">
      <div>
        <Text size="sm">{error.message}</Text>
        <Text size="xs" c="var(--quiet)" mt={4}>
          <State state={error.state} /> {count(error.count)} × since {exact(error.first_seen_at)}, last{" "}
          {exact(error.last_seen_at)} · {error.service} {error.version}
          {error.resolved_by && ` · resolved by ${error.resolved_by}`}
        </Text>
      </div>
      <Acts error={error} />
      {error.stack && <Part title="Stack">{error.stack}</Part>}
      {example.input && (
        <Part title={`Called with, last by ${[example.agent, example.tool].filter(Boolean).join(", ")}`}>{example.input}</Part>
      )}
      <Group gap="xs">
        <Button
          size="xs"
          variant="default"
          renderRoot={(props) => (
            <Link
              {...props}
              to="/plan/$planId"
              params={{ planId: example.plan_id }}
              search={{ view: "activity", ...(example.action_id ? { action: example.action_id } : {}) }}
            />
          )}
        >
          Open the last plan that met it
        </Button>
        {example.trace_id && <CopyTrace traceId={example.trace_id} />}
      </Group>
      <Events fingerprint={error.fingerprint} />
    </Stack>
  );
}

function Acts({ error }: { error: ErrorDetail }) {
  const { session } = useSigned();
  const change = useErrorState(error.fingerprint);
  if (session.role === "viewer") return null;
  const act = error.state === "resolved" ? "reopen" : "resolve";
  return (
    <div>
      <Button size="xs" loading={change.isPending} onClick={() => change.mutate(act)} variant={act === "resolve" ? "filled" : "default"}>
        {act === "resolve" ? "Mark as resolved" : "Open again"}
      </Button>
      {change.error && <Trouble error={change.error} />}
    </div>
  );
}

function Part({ title, children }: { title: string; children: string }) {
  return (
    <section aria-label={title}>
      <Text size="xs" fw={600} c="var(--quiet)">
        {title}
      </Text>
      <pre className={classes.stack} tabIndex={0}>
        {children}
      </pre>
    </section>
  );
}

function Events({ fingerprint }: { fingerprint: string }) {
  const { range = "24h" } = useSearch({ from: "/observe" });
  const { data } = useErrorEvents(fingerprint, { range });
  return (
    <section aria-label="Each time">
      <Text size="xs" fw={600} c="var(--quiet)" mb={4}>
        The newest of the range
      </Text>
      {!data && <Skeleton height={32} />}
      {data?.length === 0 && <Text size="sm">It was not met in this range.</Text>}
      <ul className={classes.plain}>
        {data?.slice(0, 20).map((event) => (
          <li key={`${event.plan_id}/${event.seq}`}>
            <Link
              to="/plan/$planId"
              params={{ planId: event.plan_id }}
              search={{ view: "activity", ...(event.action_id ? { action: event.action_id } : {}) }}
              className={classes.liveHead}
            >
              <span className={classes.quiet}>{exact(event.at)}</span>
              <Text component="span" size="sm" className={classes.grow} truncate>
                {[event.agent, event.tool].filter(Boolean).join(" · ")}
              </Text>
              <Code>{event.plan_id.slice(0, 8)}</Code>
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}
