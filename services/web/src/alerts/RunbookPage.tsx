/** What to do when an alert fires: its runbook, as the repository has it. */
import { Title } from "@mantine/core";
import { IconMapQuestion } from "@tabler/icons-react";
import { Link, useParams } from "@tanstack/react-router";
import { Empty } from "~/frame/States";
import { Markdown } from "~/plan/Markdown";
import { ruleWords } from "./words";

const BOOKS: Readonly<Record<string, string>> = import.meta.glob("../../../../infra/runbooks/*.md", {
  query: "?raw",
  import: "default",
  eager: true,
});

export function RunbookPage() {
  const { name } = useParams({ from: "/observe/runbooks/$name" });
  const text = BOOKS[`../../../../infra/runbooks/${name}.md`];
  if (text === undefined) {
    return (
      <Empty icon={<IconMapQuestion size={24} />} title="There is no such runbook">
        Each alert links to its own. <Link to="/observe/alerts" className="plain">Show all alerts</Link>
      </Empty>
    );
  }
  const [head = "", ...body] = text.split("\n");
  const [rule = "", about = ""] = head.replace(/^# /, "").split(": ");
  return (
    <article style={{ maxWidth: 760 }}>
      <Title order={2} mb="sm">
        {ruleWords(rule)}: {about}
      </Title>
      <Markdown text={body.join("\n")} />
    </article>
  );
}
