/** Copies a trace's id, to be looked for where traces are kept. */
import { Button, CopyButton } from "@mantine/core";

export function CopyTrace({ traceId }: { traceId: string }) {
  return (
    <CopyButton value={traceId}>
      {({ copied, copy }) => (
        <Button size="xs" variant="subtle" onClick={copy}>
          {copied ? "Copied" : "Copy the trace id"}
        </Button>
      )}
    </CopyButton>
  );
}
