/** What a page is filtered by, to be taken away. */
import { CloseButton } from "@mantine/core";
import classes from "./Observe.module.css";

export function Filter({ name, value, onRemove }: { name: string; value: string; onRemove: () => void }) {
  return (
    <span className={classes.filter}>
      {name}: <b>{value}</b>
      <CloseButton size="xs" aria-label={`Show every ${name}`} onClick={onRemove} />
    </span>
  );
}
