/** The move from localStorage: what was found, how it went, item by item, and the way back. */
import type { ImportItem, ImportReport } from "@agentbus/contracts";
import { Alert, Button, Group, Progress, Stack, Table, Text, Title } from "@mantine/core";
import {
  IconAlertTriangle,
  IconArrowBackUp,
  IconCircleCheck,
  IconCircleX,
  IconDatabaseImport,
  IconEqual,
  IconGitMerge,
} from "@tabler/icons-react";
import { Empty, Trouble } from "~/frame/States";
import type { Migrating, Migration } from "./migration";
import { useEnvironments, useTasks } from "~/workspace/useDocuments";
import { useMigration } from "./MigrationProvider";

export function MigrationPage() {
  const { migrating, migration } = useMigration();
  return (
    <div>
      <Title order={1} mb="md">
        Move from this browser
      </Title>
      <Shown migrating={migrating} migration={migration} />
    </div>
  );
}

function Shown({ migrating, migration }: { migrating: Migrating; migration: Migration }) {
  switch (migration.state) {
    case "none":
      return (
        <Empty icon={<IconDatabaseImport size={24} />} title="There is nothing to move">
          Older versions kept tasks and environments in this browser alone. None are left here.
        </Empty>
      );
    case "running":
      return (
        <Stack gap="xs" maw={480}>
          <Text size="sm">{migration.step}…</Text>
          <Progress value={migration.share} aria-label={migration.step} />
        </Stack>
      );
    case "failed":
      return (
        <Trouble
          error={migration.error}
          safe="Nothing was removed from this browser, and nothing half is left in the workspace."
          retry={() => void migrating.run()}
        />
      );
    case "refused":
      return (
        <Stack>
          <Alert color="orange" icon={<IconAlertTriangle />} title="A part of it cannot be moved">
            <Text size="sm">
              Nothing was changed. You can move the rest: what cannot be moved then stays in this browser.
            </Text>
            <Button mt="sm" size="xs" onClick={() => void migrating.run(true)}>
              Move what is sound
            </Button>
          </Alert>
          <Report report={migration.report} />
        </Stack>
      );
    case "undone":
      return (
        <Stack>
          <Text size="sm">
            It is in this browser again, without tokens. What others have changed since stays in the workspace.
          </Text>
          <Group>
            <Button onClick={() => void migrating.run()}>Move it again</Button>
          </Group>
          <Report report={migration.report} />
        </Stack>
      );
    case "moved":
      return (
        <Stack>
          <Group justify="space-between" align="flex-start">
            <Text size="sm" maw={560}>
              The database holds all of it, compared by content, and this browser's copy is removed. Tokens were never
              sent: set them anew as secrets of their environments.
            </Text>
            <Button
              variant="default"
              leftSection={<IconArrowBackUp size={16} />}
              onClick={() => void migrating.undo()}
            >
              Undo
            </Button>
          </Group>
          <Report report={migration.report} />
        </Stack>
      );
  }
}

const OUTCOMES = {
  failed: { word: "Not moved", icon: IconCircleX, color: "red" },
  conflict: { word: "Differs from what was there", icon: IconGitMerge, color: "orange" },
  imported: { word: "Moved", icon: IconCircleCheck, color: "teal" },
  unchanged: { word: "Was there already", icon: IconEqual, color: "gray" },
} as const;
const NOTES: Readonly<Record<ImportItem["notes"][number], string>> = {
  token_left_out: "its token was left out",
  token_came_in_clear: "its token was not kept",
  secret_cut_out: "a secret in its text was cut out",
  characters_replaced: "broken characters were replaced",
  kept_at_undo: "kept, because it was changed since",
};
const ORDER = Object.keys(OUTCOMES);
/** A report of thousands shows what needs eyes first, and no more than can be read. */
const SHOWN = 300;

function Report({ report }: { report: ImportReport }) {
  const items = report.items.toSorted((a, b) => ORDER.indexOf(a.outcome) - ORDER.indexOf(b.outcome));
  const titles = useTitles();
  const broken = report.sources.filter(({ problem }) => problem !== null);
  return (
    <>
      <Text size="sm" className="figures">
        {(Object.keys(OUTCOMES) as (keyof typeof OUTCOMES)[])
          .filter((outcome) => report.counts[outcome] > 0)
          .map((outcome) => `${report.counts[outcome]} ${wordOf(outcome, report).toLowerCase()}`)
          .join(" · ")}
      </Text>
      {broken.map(({ key, problem }) => (
        <Text key={key} size="sm">
          <code>{key}</code>: {problem}
        </Text>
      ))}
      <Table.ScrollContainer minWidth={480}>
        <Table aria-label="What became of each item">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Result</Table.Th>
              <Table.Th>Item</Table.Th>
              <Table.Th>Remarks</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {items.slice(0, SHOWN).map((item) => (
              <Row key={`${item.key}/${item.collection}/${item.index}`} item={item} title={titles.get(item.id ?? "")} word={wordOf(item.outcome, report)} />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {items.length > SHOWN && <Text size="sm">and {items.length - SHOWN} more</Text>}
    </>
  );
}

/** What the workspace calls what was moved, by id. */
function useTitles(): ReadonlyMap<string, string> {
  const [tasks, environments] = [useTasks() ?? [], useEnvironments() ?? []];
  return new Map([
    ...tasks.map(({ id, title }) => [id, title ?? ""] as const),
    ...environments.map(({ id, name }) => [id, name ?? ""] as const),
  ]);
}

/** Where nothing was written, nothing was moved either. */
function wordOf(outcome: ImportItem["outcome"], { state }: ImportReport): string {
  return outcome === "imported" && state === "refused" ? "Can be moved" : OUTCOMES[outcome].word;
}

function Row({ item, title, word }: { item: ImportItem; title: string | undefined; word: string }) {
  const { icon: Icon, color } = OUTCOMES[item.outcome];
  return (
    <Table.Tr>
      <Table.Td>
        <Group gap={6} wrap="nowrap">
          <Icon size={16} color={`light-dark(var(--mantine-color-${color}-8), var(--mantine-color-${color}-4))`} aria-hidden />
          {word}
        </Group>
      </Table.Td>
      <Table.Td>
        {title && (
          <Text size="sm" fw={500} lineClamp={1}>
            {title}
          </Text>
        )}
        <Text size="xs" c="var(--quiet)">
          {item.collection === "tasks" ? "Task" : "Environment"} <code>{item.id?.slice(0, 12) ?? `no. ${item.index + 1}`}</code>
        </Text>
      </Table.Td>
      <Table.Td>{[item.reason, ...item.notes.map((note) => NOTES[note])].filter(Boolean).join("; ")}</Table.Td>
    </Table.Tr>
  );
}
