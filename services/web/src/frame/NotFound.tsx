import { Button } from "@mantine/core";
import { IconMapQuestion } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { Empty } from "./States";

/** There is no page at this address. */
export function NotFound() {
  return (
    <Empty
      icon={<IconMapQuestion size={24} />}
      title="There is nothing here"
      action={
        <Button component={Link} to="/plans" variant="default">
          Go to the plans
        </Button>
      }
    >
      The address may be mistyped, or what it named is gone.
    </Empty>
  );
}
