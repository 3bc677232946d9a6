/** The frame around every screen: where one can go, who one is, and whether what is shown is true now. */
import { Link, Outlet } from "@tanstack/react-router";
import { Menu, Search } from "lucide-react";
import { lazy, Suspense, useState, type ReactNode } from "react";
import { Button, IconButton } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { Loading } from "@/components/States";
import { useCondition, useTopic } from "@/hooks/live";
import { mayOversee, useSession } from "@/hooks/session";
import { Palette, usePalette } from "./Palette";
import { PLACES, type Place } from "./places";
import { Shortcuts } from "./Shortcuts";

// Menus and what places them are a tenth of the page: they come after the first of it.
const Corner = lazy(() => import("./Corner").then(({ Corner: it }) => ({ default: it })));
const DemoBadge = lazy(() => import("./DemoBadge").then(({ DemoBadge: it }) => ({ default: it })));
const EVERYWHERE = { channel: "sources" };
const ignore = (): void => undefined;

export function Frame(): ReactNode {
  const [menu, setMenu] = useState(false);
  const palette = usePalette();
  // A connection that listens to nothing is closed after a while, and would look broken.
  useTopic(EVERYWHERE, ignore);
  return (
    <div className="flex min-h-dvh flex-col">
      <a
        href="#main"
        className="sr-only focus:not-sr-only focus:absolute focus:z-50 focus:bg-panel focus:p-2"
      >
        Skip to the content
      </a>
      <TopBar onMenu={() => setMenu(true)} onSearch={palette.show} />
      <div className="flex min-h-0 flex-1">
        <nav
          aria-label="Main"
          className="sticky top-11 hidden h-[calc(100dvh-44px)] w-44 shrink-0 overflow-y-auto border-r border-line bg-panel py-2 lg:block"
        >
          <Places />
        </nav>
        <main id="main" tabIndex={-1} className="min-w-0 flex-1 pb-16 outline-none lg:pb-2">
          <Suspense fallback={<Loading rows={10} />}>
            <Outlet />
          </Suspense>
        </main>
      </div>
      <PhoneBar />
      <Dialog open={menu} onClose={() => setMenu(false)} title="Menu" side>
        <div onClick={() => setMenu(false)}>
          <Places />
        </div>
      </Dialog>
      <Palette open={palette.open} onClose={palette.hide} />
      <Shortcuts />
    </div>
  );
}

function TopBar({ onMenu, onSearch }: { onMenu: () => void; onSearch: () => void }): ReactNode {
  const { me, demo } = useSession();
  return (
    <header className="sticky top-0 z-30 flex h-11 items-center gap-2 border-b border-line bg-panel px-2 md:px-3">
      <IconButton label="Menu" className="lg:hidden!" onClick={onMenu}>
        <Menu aria-hidden className="size-5" />
      </IconButton>
      <Link to={"/markets" as never} className="flex items-center gap-2 font-semibold tracking-tight">
        <svg viewBox="0 0 32 32" className="size-5 text-accent" aria-hidden>
          <circle cx="16" cy="16" r="9.5" fill="none" stroke="currentColor" strokeWidth="3" />
          <path d="M2 16h28" stroke="currentColor" strokeWidth="3" />
        </svg>
        <span className="max-sm:sr-only">Plimsoll</span>
      </Link>
      {demo && (
        <Suspense fallback={<span className="text-[11.5px] text-warn">DEMO</span>}>
          <DemoBadge />
        </Suspense>
      )}
      <Freshness />
      <button
        type="button"
        onClick={onSearch}
        className="ml-auto hidden min-h-7 w-56 items-center gap-2 rounded border border-line bg-page px-2 text-[12px] text-ink-3 hover:border-ink-3 md:flex"
      >
        <Search aria-hidden className="size-3.5" />
        Search or go to…
        <kbd className="ml-auto">/</kbd>
      </button>
      <IconButton label="Search or go to" className="ml-auto md:hidden!" onClick={onSearch}>
        <Search aria-hidden className="size-4" />
      </IconButton>
      <Suspense fallback={<span className={me ? "w-28 sm:w-36 md:w-44" : "w-7"} />}>
        <Corner />
      </Suspense>
      {me === null && (
        <Link to={"/sign-in" as never}>
          <Button small look="primary" tabIndex={-1}>
            Sign in
          </Button>
        </Link>
      )}
    </header>
  );
}

const SAID = {
  connecting: ["Connecting", "bg-warn"],
  live: ["Live", "bg-up"],
  stale: ["Not live: what you see is from before", "bg-down"],
  ended: ["Not connected", "bg-ink-3"],
} as const;

/** Whether the page hears from the service, in words. */
function Freshness(): ReactNode {
  const condition = useCondition();
  const [text, color] = SAID[condition];
  return (
    <span
      role="status"
      data-testid="freshness"
      data-condition={condition}
      className={`inline-flex items-center gap-1.5 rounded px-1.5 py-0.5 text-[12px] ${condition === "live" ? "text-ink-2" : "bg-warn-soft text-warn"}`}
    >
      <span aria-hidden className={`size-2 shrink-0 rounded-full ${color}`} />
      <span className={condition === "live" ? "" : "max-md:text-[11px]"}>{text}</span>
    </span>
  );
}

function usePlaces(): readonly (readonly [string, readonly Place[]])[] {
  const { me } = useSession();
  return PLACES.map(
    ([name, places]) =>
      [name, places.filter((place) => place.audience !== "overseer" || mayOversee(me))] as const,
  ).filter(([, places]) => places.length > 0);
}

function Places(): ReactNode {
  return usePlaces().map(([group, places]) => (
    <div key={group} className="mb-2">
      <p className="px-3 py-1 text-[11px] font-medium tracking-wide text-ink-3 uppercase">{group}</p>
      <ul>
        {places.map((place) => (
          <li key={place.to}>
            <Link
              to={place.to as never}
              activeOptions={{ exact: place.to === "/operator", includeSearch: false }}
              className="flex items-center gap-2 border-l-2 border-transparent px-3 py-1.5 text-[13px] text-ink-2 hover:bg-raised hover:text-ink data-[status=active]:border-accent data-[status=active]:bg-raised data-[status=active]:text-ink"
            >
              <place.icon aria-hidden className="size-4" />
              {place.name}
            </Link>
          </li>
        ))}
      </ul>
    </div>
  ));
}

function PhoneBar(): ReactNode {
  const places = usePlaces()
    .flatMap(([, group]) => group)
    .filter((place) => place.phone);
  return (
    <nav
      aria-label="Main, short"
      className="fixed inset-x-0 bottom-0 z-30 flex border-t border-line bg-panel pb-[env(safe-area-inset-bottom)] lg:hidden"
    >
      {places.map((place) => (
        <Link
          key={place.to}
          to={place.to as never}
          className="flex flex-1 flex-col items-center gap-0.5 py-1.5 text-[11px] text-ink-2 data-[status=active]:text-accent"
        >
          <place.icon aria-hidden className="size-5" />
          {place.name}
        </Link>
      ))}
    </nav>
  );
}
