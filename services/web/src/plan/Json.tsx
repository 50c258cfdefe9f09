/** A value as text, copyable. Text stays text: nothing of it is ever markup. */
import { ActionIcon, CopyButton, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useMemo } from "react";
import classes from "./Plan.module.css";

/** More than this is not laid out; the copy has all of it. */
const SHOWN_CHARACTERS = 100_000;

export function Json(props: { title: string; value: unknown; note?: string; folded?: boolean }) {
  const { title, value, note, folded } = props;
  const text = useMemo(() => (typeof value === "string" ? value : (JSON.stringify(value, null, 2) ?? "")), [value]);
  return (
    <div className={classes.json}>
      <details open={!folded}>
        <summary>
          {title} {note && <small>{note}</small>}
        </summary>
        <pre tabIndex={0} aria-label={title}>
          {text.slice(0, SHOWN_CHARACTERS)}
          {text.length > SHOWN_CHARACTERS && "\n… copy it to have the rest"}
        </pre>
      </details>
      <CopyButton value={text}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? "Copied" : `Copy ${title.toLowerCase()}`}>
            <ActionIcon
              size="sm"
              variant="subtle"
              color="gray"
              aria-label={`Copy ${title.toLowerCase()}`}
              onClick={copy}
            >
              {copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </div>
  );
}
