/** What was known of an overdue execution when its alert was raised: why, what it did last, beside earlier runs. */
import type { Alert, Diagnosis } from "@agentbus/contracts";
import { Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { PlanStatus } from "~/api/plans";
import classes from "~/observe/Observe.module.css";
import { bytes, count } from "~/observe/numbers";
import { StatusIcon } from "~/plans/Status";
import { duration, exact } from "~/time";
import { Part } from "./Part";

export function DiagnosisPart({ alert, diagnosis }: { alert: Alert; diagnosis: Diagnosis }) {
  const planId = alert.subject.plan_id ?? "";
  return (
    <>
      <Part title="Probable cause">
        <Text size="sm">{diagnosis.probable_cause}</Text>
        <Facts diagnosis={diagnosis} />
      </Part>
      {diagnosis.last_messages && diagnosis.last_messages.length > 0 && (
        <Part title="Last messages of the plan">
          <Messages planId={planId} messages={diagnosis.last_messages} />
        </Part>
      )}
      <Part title="Beside earlier runs">
        {diagnosis.compared.length === 0 ? (
          <Text size="sm" c="var(--quiet)">
            Nothing of the kind has completed in this workspace.
          </Text>
        ) : (
          <Runs diagnosis={diagnosis} />
        )}
      </Part>
    </>
  );
}

function Facts({ diagnosis }: { diagnosis: Diagnosis }) {
  const { expected, argument_bytes: sizes } = diagnosis;
  const basis = expected.basis === "limit" ? `the limit for ${expected.set_for}` : `from ${count(expected.samples)} runs`;
  const shown: [string, string | false | null][] = [
    ["Began", exact(diagnosis.started_at)],
    ["Expected", `${duration(expected.seconds)}, ${basis}`],
    ["95 % take up to", typeof expected.p95_seconds === "number" && duration(expected.p95_seconds)],
    ["Taken over", diagnosis.attempt > 1 && `${count(diagnosis.attempt - 1)} ×`],
    ["Runs inside it", diagnosis.inner_actions.join(", ")],
    ["Overdue alike", diagnosis.alike > 1 && count(diagnosis.alike)],
    ["Called with", sizes && Object.entries(sizes).map(([name, size]) => `${name} (${bytes(size)})`).join(", ")],
  ];
  return (
    <dl className={classes.facts}>
      {shown.map(
        ([name, value]) =>
          value && (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
      )}
    </dl>
  );
}

function Messages({ planId, messages }: { planId: string; messages: NonNullable<Diagnosis["last_messages"]> }) {
  return (
    <ol className={classes.plain}>
      {messages.toReversed().map((message) => (
        <li key={message.seq}>
          <Link
            to="/plan/$planId"
            params={{ planId }}
            search={{ view: "activity", ...(message.action_id ? { action: message.action_id } : {}) }}
            className={classes.line}
          >
            <time className={classes.quiet} dateTime={message.at} title={exact(message.at)}>
              {new Date(message.at).toLocaleTimeString("en-GB")}
            </time>
            <span className={classes.grow}>{message.type.replaceAll("_", " ")}</span>
            <span className={classes.quiet}>
              {message.agent_name} · {bytes(message.size_bytes)}
            </span>
          </Link>
        </li>
      ))}
    </ol>
  );
}

/** As bars on one scale, what is overdue first; the mark is where it was expected to end. */
function Runs({ diagnosis }: { diagnosis: Diagnosis }) {
  const most = Math.max(diagnosis.running_seconds, diagnosis.expected.seconds, ...diagnosis.compared.map(({ seconds }) => seconds));
  const share = (seconds: number) => `${(100 * seconds) / most}%`;
  return (
    <ul className={classes.plain}>
      <li className={classes.line}>
        <span className={classes.when}>This one</span>
        <span className={classes.measure}>
          <i data-late style={{ width: share(diagnosis.running_seconds) }} />
          <i data-mark style={{ left: share(diagnosis.expected.seconds) }} />
        </span>
        <span className={classes.took}>{duration(diagnosis.running_seconds)}+</span>
      </li>
      {diagnosis.compared.map((run) => (
        <li key={`${run.plan_id}/${run.action_id ?? ""}`}>
          <Link
            to="/plan/$planId"
            params={{ planId: run.plan_id }}
            search={{ view: "timeline", ...(run.action_id ? { action: run.action_id } : {}) }}
            className={classes.line}
          >
            <span className={classes.when} title={exact(run.ended_at)}>
              <StatusIcon status={run.status as PlanStatus} size={13} /> {new Date(run.ended_at).toLocaleTimeString("en-GB")}
            </span>
            <span className={classes.measure}>
              <i style={{ width: share(run.seconds) }} />
            </span>
            <span className={classes.took}>{duration(run.seconds)}</span>
          </Link>
        </li>
      ))}
    </ul>
  );
}
