/** Is the system healthy, and what is to be done: for its administrators. Figures come by themselves. */
import type { Figure, Recommendation, SystemHealth } from "@agentbus/contracts";
import { Button, Group, Skeleton, Stack, Text, Title } from "@mantine/core";
import { IconCircleCheckFilled, IconLock } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { SeverityIcon, StateTag } from "~/alerts/Marks";
import { Recommended } from "~/alerts/Recommended";
import { nameOf, ruleWords } from "~/alerts/words";
import { useHealth } from "~/api/alerts";
import { ApiProblem } from "~/api/http";
import { Empty, Trouble } from "~/frame/States";
import observe from "~/observe/Observe.module.css";
import { count, percent } from "~/observe/numbers";
import { useSigned } from "~/session/SessionGate";
import { useNow } from "~/time";
import { Recent } from "./Recent";
import { Services } from "./Services";
import { Stores, Volumes } from "./Stores";

export function HealthPage() {
  const { data, error, refetch, dataUpdatedAt } = useHealth();
  const now = useNow(1_000);
  const refused = error instanceof ApiProblem && error.status === 403;
  return (
    <div>
      <Title order={1} mb={4}>
        System health
      </Title>
      {refused && <Refused />}
      {error && !data && !refused && <Trouble error={error} retry={() => void refetch()} />}
      {!data && !error && <Waiting />}
      {data && !refused && (
        <>
          <Standing health={data} seconds={Math.round(Math.max(now - dataUpdatedAt, 0) / 1000)} error={error} />
          <Shown health={data} />
        </>
      )}
    </div>
  );
}

function Shown({ health }: { health: SystemHealth }) {
  return (
    <Stack gap="xl">
      <dl className={observe.totals} style={{ margin: 0 }}>
        {health.figures.map((figure) => (
          <div key={figure.name}>
            <dt>{figure.name.charAt(0).toUpperCase() + figure.name.slice(1)}</dt>
            <dd>{told(figure)}</dd>
          </div>
        ))}
      </dl>
      <Recommendations recommendations={health.recommendations} />
      <Section title="Services">
        <Services services={health.services} at={health.at} />
      </Section>
      <Section title="The last ten minutes">
        <Recent />
      </Section>
      <Section title="Databases and bus">
        <Stores stores={health.stores} />
      </Section>
      <Section title="Disk">
        <Volumes volumes={health.volumes} />
      </Section>
    </Stack>
  );
}

/** The whole in a sentence, and how old it is. */
function Standing({ health, seconds, error }: { health: SystemHealth; seconds: number; error: Error | null }) {
  const number = health.services.length;
  const wrong = health.services.filter(({ status }) => status !== "up").length;
  const stores = health.stores.filter(({ ok }) => ok === false).map(({ name }) => name);
  const words = [
    wrong === 0 ? `All ${count(number)} services are up` : `${count(wrong)} of ${count(number)} services ${wrong === 1 ? "is" : "are"} not well`,
    ...stores.map((name) => `${name} does not answer`),
  ];
  return (
    <Text size="sm" c="var(--quiet)" mb="lg" className="figures">
      <span role="status">{words.join(", ")}</span> · {error ? `as of ${seconds} s ago: ${error.message}` : "asked every 5 s"}
    </Text>
  );
}

function told({ value, unit }: Figure): string {
  return unit === "ratio" ? percent(value) : count(value);
}

function Recommendations({ recommendations }: { recommendations: readonly Recommendation[] }) {
  return (
    <Section title="What to do now">
      {recommendations.length === 0 ? (
        <Group gap={8}>
          <IconCircleCheckFilled size={18} color="light-dark(var(--mantine-color-teal-7), var(--mantine-color-teal-4))" aria-hidden />
          <Text size="sm">Nothing: no alert of the system is open.</Text>
        </Group>
      ) : (
        <ul className={observe.plain}>
          {[...Map.groupBy(recommendations, ({ rule }) => rule)].map(([rule, alike]) => (
            <Advice key={rule} rule={rule} alike={alike} />
          ))}
        </ul>
      )}
    </Section>
  );
}

/** A rule's alerts together: what each says, and what to do about it. */
function Advice({ rule, alike }: { rule: string; alike: readonly Recommendation[] }) {
  const worst = alike.find(({ severity }) => severity === "critical") ?? alike[0];
  if (!worst) return null;
  return (
    <li className={observe.advised}>
      <SeverityIcon severity={worst.severity} />
      <div className={observe.grow}>
        <span className={observe.title}>
          {ruleWords(rule)}
          <Link to="/observe/runbooks/$name" params={{ name: nameOf(worst.runbook) }}>
            Runbook
          </Link>
        </span>
        <ul className={observe.plain}>
          {alike.map((each) => (
            <li key={each.alert_id} className={observe.advice}>
              <Link to="/observe/alerts/$alertId" params={{ alertId: each.alert_id }}>
                {each.summary}
              </Link>
              {each.state === "acknowledged" && <StateTag state={each.state} />}
              <Recommended text={each.recommendation} />
            </li>
          ))}
        </ul>
      </div>
    </li>
  );
}

function Section({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <section aria-label={title}>
      <Title order={2} mb="xs">
        {title}
      </Title>
      {children}
    </section>
  );
}

function Refused() {
  const { session } = useSigned();
  return (
    <Empty
      icon={<IconLock size={24} />}
      title="For administrators of the system"
      action={
        <Button variant="default" renderRoot={(props) => <Link {...props} to="/observe/alerts" />}>
          Alerts of this workspace
        </Button>
      }
    >
      Services, databases and disks belong to all workspaces. You are {session.role} of {session.workspaceId}; they are shown to
      administrators of the workspaces that run the system.
    </Empty>
  );
}

function Waiting() {
  return (
    <Stack gap="lg" mt="md" aria-label="Loading health" role="status">
      <Skeleton height={50} />
      <Skeleton height={40} />
      <Skeleton height={260} />
    </Stack>
  );
}
