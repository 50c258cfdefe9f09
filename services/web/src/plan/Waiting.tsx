/** What waits for a person, always in sight: steps to approve, or a question to answer. */
import { Button, Group, Paper, Text, Textarea } from "@mantine/core";
import { IconHandStop, IconMessageCircleQuestion } from "@tabler/icons-react";
import { type FormEvent, useState } from "react";
import { usePlanCommand } from "~/api/plans";
import { Trouble } from "~/frame/States";
import { useSigned } from "~/session/SessionGate";
import { type MessageEntry, payloadOf } from "./log";
import classes from "./Plan.module.css";

export function Waiting({ entry, planId }: { entry: MessageEntry; planId: string }) {
  const { session } = useSigned();
  const viewer = session.role === "viewer";
  return (
    <Paper className={classes.waiting} shadow="md" p="md" role="region" aria-label="Waits for you">
      {viewer && <Text size="sm">The plan waits for a person. Your role, viewer, cannot answer.</Text>}
      {!viewer && entry.kind === "approval" && <Approval key={entry.key} entry={entry} planId={planId} />}
      {!viewer && entry.kind === "question" && <Question key={entry.key} entry={entry} planId={planId} />}
    </Paper>
  );
}

function Approval({ entry, planId }: { entry: MessageEntry; planId: string }) {
  const { m_plan_id, steps } = payloadOf<"plan_approval_request">(entry.message);
  const [feedback, setFeedback] = useState("");
  const command = usePlanCommand("plan_approval");
  const decide = (approved: boolean) =>
    command.mutate({ plan_id: planId, m_plan_id, approved, ...(feedback.trim() ? { feedback: feedback.trim() } : {}) });
  return (
    <>
      <Group gap={8} mb={6}>
        <IconHandStop size={18} aria-hidden />
        <Text component="h2" fw={600}>
          Shall the agents do this?
        </Text>
      </Group>
      <ol className={classes.proposed}>
        {steps.map((step) => (
          <li key={step.id}>
            {step.description} <small>{step.agent}</small>
          </li>
        ))}
      </ol>
      <Textarea
        label="A word to the agents (optional)"
        autosize
        maxRows={4}
        value={feedback}
        onChange={(event) => setFeedback(event.currentTarget.value)}
      />
      {command.error && <Trouble error={command.error} />}
      <Group mt="sm">
        <Button loading={command.isPending} disabled={command.isSuccess} onClick={() => decide(true)}>
          Approve
        </Button>
        <Button variant="default" disabled={command.isPending || command.isSuccess} onClick={() => decide(false)}>
          Reject
        </Button>
      </Group>
    </>
  );
}

function Question({ entry, planId }: { entry: MessageEntry; planId: string }) {
  const { request_id, question } = payloadOf<"user_clarification_request">(entry.message);
  const [answer, setAnswer] = useState("");
  const command = usePlanCommand("user_clarification");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    command.mutate({ plan_id: planId, m_plan_id: "", request_id, answer: answer.trim() });
  };
  return (
    <form onSubmit={submit}>
      <Group gap={8} mb={6}>
        <IconMessageCircleQuestion size={18} aria-hidden />
        <Text component="h2" fw={600}>
          {entry.agent} asks
        </Text>
      </Group>
      <Textarea
        label={question}
        autosize
        maxRows={6}
        value={answer}
        onChange={(event) => setAnswer(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.currentTarget.form?.requestSubmit();
        }}
      />
      {command.error && <Trouble error={command.error} />}
      <Button mt="sm" type="submit" loading={command.isPending} disabled={answer.trim() === "" || command.isSuccess}>
        Answer
      </Button>
    </form>
  );
}
