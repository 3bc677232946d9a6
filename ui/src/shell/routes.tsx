/** Every address of the page. A screen is fetched when it is first opened. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import type { ComponentType, ReactNode } from "react";
import { ROOT } from "@/api/place";
import { Failed } from "@/components/States";
import type { Search } from "@/hooks/url-state";
import { Frame } from "./Frame";
import { Gate, type Audience } from "./Gate";

function readSearch(given: Record<string, unknown>): Search {
  const texts = Object.entries(given).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(
    texts.map(([name, value]) => [name, typeof value === "string" ? value : String(value)]),
  );
}

const root = createRootRoute({
  component: Frame,
  validateSearch: readSearch,
  notFoundComponent: lazyRouteComponent(() => import("@/screens/NotFound"), "NotFound"),
});

type Screens = Record<string, () => ReactNode>;

function screen<M>(path: string, audience: Audience, load: () => Promise<M>, name: keyof M & string) {
  const lazy = lazyRouteComponent(load as unknown as () => Promise<Screens>, name);
  const Lazy = lazy as ComponentType;
  function Guarded(): ReactNode {
    return (
      <Gate audience={audience}>
        <Lazy />
      </Gate>
    );
  }
  // The router fetches a screen before it shows it, and when a link is about to be followed.
  const component = Object.assign(Guarded, { preload: lazy.preload as () => Promise<void> });
  return createRoute({ getParentRoute: () => root, path, component });
}

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/markets" as never });
  },
});

const routeTree = root.addChildren([
  home,
  screen("/sign-in", "anyone", () => import("@/screens/SignIn"), "SignIn"),
  screen("/markets", "anyone", () => import("@/screens/Markets"), "Markets"),
  screen("/markets/$base/$quote", "anyone", () => import("@/screens/Pair"), "Pair"),
  screen("/portfolio", "person", () => import("@/screens/Portfolio"), "Portfolio"),
  screen("/transactions", "person", () => import("@/screens/Transactions"), "Transactions"),
  screen("/imports", "person", () => import("@/screens/Imports"), "Imports"),
  screen("/imports/$importId", "person", () => import("@/screens/Import"), "Import"),
  screen("/data-quality", "person", () => import("@/screens/DataQuality"), "DataQuality"),
  screen("/tax", "person", () => import("@/screens/Tax"), "Tax"),
  screen("/tax/runs/$runId", "person", () => import("@/screens/TaxRun"), "TaxRun"),
  screen("/trade", "person", () => import("@/screens/Trade"), "Trade"),
  screen("/trade/$symbol", "person", () => import("@/screens/Trade"), "Trade"),
  screen("/alerts", "person", () => import("@/screens/Alerts"), "Alerts"),
  screen("/jobs", "person", () => import("@/screens/Jobs"), "Jobs"),
  screen("/account", "person", () => import("@/screens/Account"), "Account"),
  screen("/about", "anyone", () => import("@/screens/About"), "About"),
  screen("/operator", "overseer", () => import("@/screens/Operator"), "Operator"),
  screen("/operator/exposure", "overseer", () => import("@/screens/Exposure"), "Exposure"),
  screen("/operator/cases", "overseer", () => import("@/screens/Cases"), "Cases"),
  screen("/operator/cases/$caseId", "overseer", () => import("@/screens/Case"), "Case"),
  screen("/operator/people", "overseer", () => import("@/screens/People"), "People"),
  screen("/operator/audit", "overseer", () => import("@/screens/Audit"), "Audit"),
  screen("/operator/health", "overseer", () => import("@/screens/Health"), "Health"),
]);

export const router = createRouter({
  routeTree,
  basepath: ROOT,
  // Around each screen: one that fails leaves the frame, and with it the way to the others.
  defaultErrorComponent: ({ error, reset }) => <Failed error={error} onRetry={reset} />,
  defaultPreload: "intent",
  defaultPendingMs: 150,
  scrollRestoration: true,
  // Search parameters are plain text, not JSON: ?tab=orders and not ?tab=%22orders%22.
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const given = Object.entries(search).filter(([, value]) => value !== undefined && value !== "");
    const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
    return text === "" ? "" : `?${text}`;
  },
});
