/** Every view has an address that can be shared, filters included. Pages are loaded when they are opened. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import { alertsSearch } from "./alerts/search";
import type { PlanStatus } from "./api/plans";
import type { TaskStatus } from "./workspace/statuses";
import { Frame } from "./frame/Frame";
import { NotFound } from "./frame/NotFound";
import { observeSearch } from "./observe/search";

export interface PlansSearch {
  status?: PlanStatus;
  q?: string;
}

export interface StartSearch {
  /** The task that the plan works on. */
  task?: string;
}

export interface TasksSearch {
  view?: "list";
  q?: string;
  status?: TaskStatus;
  archived?: boolean;
}

export interface PlanSearch {
  /** The action whose details are open. */
  action?: string;
  by?: "agent";
  /** Which tab; a plan that had ended opens on its report, else on its activity. */
  view?: "report" | "activity" | "timeline";
}

const root = createRootRoute({ component: Frame, notFoundComponent: NotFound });

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/plans", replace: true });
  },
});

const plans = createRoute({
  getParentRoute: () => root,
  path: "/plans",
  validateSearch: (search: Record<string, unknown>): PlansSearch => ({
    ...(typeof search.status === "string" ? { status: search.status as PlanStatus } : {}),
    ...(typeof search.q === "string" && search.q !== "" ? { q: search.q } : {}),
  }),
  component: lazyRouteComponent(() => import("./plans/PlansPage"), "PlansPage"),
});

const start = createRoute({
  getParentRoute: () => plans,
  path: "/new",
  validateSearch: (search: Record<string, unknown>): StartSearch =>
    typeof search.task === "string" ? { task: search.task } : {},
  component: lazyRouteComponent(() => import("./plans/StartPlan"), "StartPlan"),
});

const plan = createRoute({
  getParentRoute: () => root,
  path: "/plan/$planId",
  validateSearch: (search: Record<string, unknown>): PlanSearch => ({
    ...(typeof search.action === "string" ? { action: search.action } : {}),
    ...(search.by === "agent" ? { by: "agent" as const } : {}),
    ...(search.view === "report" || search.view === "activity" || search.view === "timeline" ? { view: search.view } : {}),
  }),
  component: lazyRouteComponent(() => import("./plan/PlanPage"), "PlanPage"),
});

const workspace = createRoute({
  getParentRoute: () => root,
  path: "/workspace",
  component: lazyRouteComponent(() => import("./workspace/WorkspacePage"), "WorkspacePage"),
});

const workspaceHome = createRoute({
  getParentRoute: () => workspace,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/workspace/tasks", replace: true });
  },
});

const tasks = createRoute({
  getParentRoute: () => workspace,
  path: "/tasks",
  validateSearch: (search: Record<string, unknown>): TasksSearch => ({
    ...(search.view === "list" ? { view: "list" as const } : {}),
    ...(typeof search.q === "string" && search.q !== "" ? { q: search.q } : {}),
    ...(typeof search.status === "string" ? { status: search.status as TaskStatus } : {}),
    ...(search.archived === true ? { archived: true } : {}),
  }),
  component: lazyRouteComponent(() => import("./workspace/TasksPage"), "TasksPage"),
});

const task = createRoute({
  getParentRoute: () => tasks,
  path: "/$id",
  component: lazyRouteComponent(() => import("./workspace/TaskPanel"), "TaskPanel"),
});

const environments = createRoute({
  getParentRoute: () => workspace,
  path: "/environments",
  component: lazyRouteComponent(() => import("./workspace/EnvironmentsPage"), "EnvironmentsPage"),
});

const environment = createRoute({
  getParentRoute: () => environments,
  path: "/$id",
  component: lazyRouteComponent(() => import("./workspace/EnvironmentPanel"), "EnvironmentPanel"),
});

const conflicts = createRoute({
  getParentRoute: () => workspace,
  path: "/conflicts",
  component: lazyRouteComponent(() => import("./workspace/ConflictsPage"), "ConflictsPage"),
});

const observe = createRoute({
  getParentRoute: () => root,
  path: "/observe",
  validateSearch: observeSearch,
  component: lazyRouteComponent(() => import("./observe/ObservePage"), "ObservePage"),
});

const observeHome = createRoute({
  getParentRoute: () => observe,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/observe/live", replace: true });
  },
});

const live = createRoute({
  getParentRoute: () => observe,
  path: "/live",
  component: lazyRouteComponent(() => import("./observe/LivePage"), "LivePage"),
});

const agents = createRoute({
  getParentRoute: () => observe,
  path: "/agents",
  component: lazyRouteComponent(() => import("./observe/AgentsPage"), "AgentsPage"),
});

const bottlenecks = createRoute({
  getParentRoute: () => observe,
  path: "/bottlenecks",
  component: lazyRouteComponent(() => import("./observe/BottlenecksPage"), "BottlenecksPage"),
});

const errors = createRoute({
  getParentRoute: () => observe,
  path: "/errors",
  component: lazyRouteComponent(() => import("./observe/ErrorsPage"), "ErrorsPage"),
});

const error = createRoute({
  getParentRoute: () => errors,
  path: "/$fingerprint",
  component: lazyRouteComponent(() => import("./observe/ErrorPanel"), "ErrorPanel"),
});

const alerts = createRoute({
  getParentRoute: () => observe,
  path: "/alerts",
  validateSearch: alertsSearch,
  component: lazyRouteComponent(() => import("./alerts/AlertsPage"), "AlertsPage"),
});

const silences = createRoute({
  getParentRoute: () => alerts,
  path: "/silences",
  component: lazyRouteComponent(() => import("./alerts/SilencesPanel"), "SilencesPanel"),
});

const alert = createRoute({
  getParentRoute: () => alerts,
  path: "/$alertId",
  component: lazyRouteComponent(() => import("./alerts/AlertPanel"), "AlertPanel"),
});

const runbook = createRoute({
  getParentRoute: () => observe,
  path: "/runbooks/$name",
  component: lazyRouteComponent(() => import("./alerts/RunbookPage"), "RunbookPage"),
});

const plansBehind = createRoute({
  getParentRoute: () => observe,
  path: "/plans",
  component: lazyRouteComponent(() => import("./observe/PlansBehind"), "PlansBehind"),
});

const health = createRoute({
  getParentRoute: () => root,
  path: "/system",
  component: lazyRouteComponent(() => import("./health/HealthPage"), "HealthPage"),
});

const migration = createRoute({
  getParentRoute: () => root,
  path: "/migration",
  component: lazyRouteComponent(() => import("./migration/MigrationPage"), "MigrationPage"),
});

const workspacePages = [
  workspaceHome,
  tasks.addChildren([task]),
  environments.addChildren([environment]),
  conflicts,
];

const observePages = [
  observeHome,
  live,
  agents,
  bottlenecks,
  errors.addChildren([error]),
  alerts.addChildren([silences, alert]),
  runbook,
  plansBehind,
];

export const router = createRouter({
  routeTree: root.addChildren([
    home,
    plans.addChildren([start]),
    plan,
    workspace.addChildren(workspacePages),
    observe.addChildren(observePages),
    health,
    migration,
  ]),
  defaultPreload: "intent",
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
