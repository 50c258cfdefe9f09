/** Every view has an address that can be shared, filters included. Pages are loaded when they are opened. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import type { PlanStatus } from "./api/plans";
import { Frame } from "./frame/Frame";
import { NotFound } from "./frame/NotFound";

export interface PlansSearch {
  status?: PlanStatus;
  q?: string;
}

export interface PlanSearch {
  /** The action whose details are open. */
  action?: string;
  by?: "time" | "agent";
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
  component: lazyRouteComponent(() => import("./plans/StartPlan"), "StartPlan"),
});

const plan = createRoute({
  getParentRoute: () => root,
  path: "/plan/$planId",
  validateSearch: (search: Record<string, unknown>): PlanSearch => ({
    ...(typeof search.action === "string" ? { action: search.action } : {}),
    ...(search.by === "agent" ? { by: "agent" as const } : {}),
  }),
  component: lazyRouteComponent(() => import("./plan/PlanPage"), "PlanPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([home, plans.addChildren([start]), plan]),
  defaultPreload: "intent",
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
