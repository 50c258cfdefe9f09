import { Text } from "@mantine/core";
import classes from "~/observe/Observe.module.css";
import { partsOf } from "./words";

/** What is to be typed, a setting, a command, a route, stands out. */
export function Recommended({ text }: { text: string }) {
  return (
    <Text size="sm" className={classes.advice}>
      {partsOf(text).map((part, index) => (part.code ? <code key={index}>{part.text}</code> : part.text))}
    </Text>
  );
}
