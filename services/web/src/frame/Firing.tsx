/** How many alerts fire and are not silenced: in sight on every page, by number and word, and nothing when none does. */
import { Badge, Tooltip } from "@mantine/core";
import { IconBellRinging } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useFiring } from "~/api/alerts";
import classes from "./Frame.module.css";

/** In the bar: leads to them. */
export function Firing() {
  const number = useFiring()?.length ?? 0;
  if (number === 0) return null;
  return (
    <Tooltip label="See what fires, why, and what to do">
      <Link to="/observe/alerts" className={`${classes.state} ${classes.firing}`} aria-label={`${number} firing`}>
        <IconBellRinging size={14} aria-hidden />
        {number} <span>firing</span>
      </Link>
    </Tooltip>
  );
}

/** At the section. */
export function FiringCount() {
  const number = useFiring()?.length ?? 0;
  if (number === 0) return null;
  return (
    <Badge size="sm" circle color="red.8" className={classes.count} aria-label={`${number} firing`}>
      {number}
    </Badge>
  );
}
