/** What stands around every page: sections, who is signed in, and whether the system answers. */
import { ActionIcon, AppShell, Box, Group, Kbd, Tooltip, UnstyledButton } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { spotlight } from "@mantine/spotlight";
import { IconSearch } from "@tabler/icons-react";
import { Link, Outlet, useLocation } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { MigrationNotice } from "~/migration/MigrationProvider";
import { Account } from "./Account";
import { Firing, FiringCount } from "./Firing";
import { Connection } from "./Connection";
import classes from "./Frame.module.css";
import { Mark } from "./Mark";
import { Present } from "./Present";
import { useSections } from "./sections";
import { Switcher } from "./Switcher";

const Notices = lazy(() => import("~/alerts/Notices").then((module) => ({ default: module.Notices })));
const Palette = lazy(() => import("./Palette").then((module) => ({ default: module.Palette })));

export function Frame() {
  const { pathname } = useLocation();
  const [sought, setSought] = useState(false);
  const sections = useSections();
  const search = () => {
    setSought(true);
    spotlight.open();
  };
  useHotkeys([["mod+K", search]], []);
  return (
    <AppShell
      header={{ height: 52 }}
      navbar={{ width: 208, breakpoint: "sm", collapsed: { mobile: true } }}
      footer={{ height: { base: 56, sm: 0 } }}
    >
      <a className="skip" href="#content">
        Skip to the content
      </a>
      <AppShell.Header className={classes.bar}>
        <Group gap={4} wrap="nowrap" className={classes.where}>
          <Link to="/plans" className={classes.home} aria-label="agentbus, plans">
            <Mark />
          </Link>
          <Switcher />
        </Group>
        <UnstyledButton className={classes.search} onClick={search} visibleFrom="sm">
          <IconSearch size={16} aria-hidden />
          <span>Search or jump to…</span>
          <Kbd size="xs">Ctrl K</Kbd>
        </UnstyledButton>
        <Group gap={6} wrap="nowrap">
          <Tooltip label="Search or jump to…">
            <ActionIcon
              variant="subtle"
              color="gray"
              size="lg"
              hiddenFrom="sm"
              aria-label="Search"
              onClick={search}
            >
              <IconSearch size={20} />
            </ActionIcon>
          </Tooltip>
          <Present />
          <Firing />
          <Connection />
          <Account />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar className={classes.rail} aria-label="Sections">
        {sections.map(({ to, label, within, icon: Icon }) => (
          <Link key={to} to={to} className={classes.section} data-here={within.test(pathname) || undefined}>
            <Icon size={19} stroke={1.7} aria-hidden />
            {label}
            {to === "/observe" && <FiringCount />}
          </Link>
        ))}
      </AppShell.Navbar>
      <AppShell.Main>
        <Box id="content" className={classes.content} tabIndex={-1}>
          <MigrationNotice />
          <Outlet />
        </Box>
      </AppShell.Main>
      <AppShell.Footer className={classes.tabs} hiddenFrom="sm">
        <nav aria-label="Sections">
          {sections.map(({ to, label, within, icon: Icon }) => (
            <Link key={to} to={to} className={classes.tab} data-here={within.test(pathname) || undefined}>
              <Icon size={22} stroke={1.7} aria-hidden />
              {label}
            </Link>
          ))}
        </nav>
      </AppShell.Footer>
      <Suspense>
        <Notices />
      </Suspense>
      {sought && (
        <Suspense>
          <Palette />
        </Suspense>
      )}
    </AppShell>
  );
}
