/** What the palette offers for what was typed. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import {
  CandlestickChart,
  Eye,
  EyeOff,
  Info,
  Keyboard,
  LineChart,
  LogIn,
  LogOut,
  type LucideIcon,
  UserRound,
} from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { useSignOut } from "@/access/session";
import { formatPrice } from "@/format/amounts";
import { usePreferences } from "@/hooks/preferences";
import { useSession } from "@/hooks/session";
import { useRegistered } from "@/hooks/shortcuts";
import { useToasts } from "@/hooks/toasts";
import { rank, wordsOf } from "./finding";
import { mayGo, PLACES } from "./places";
import { THEMES } from "./ThemeButton";

export interface Offer {
  readonly id: string;
  readonly name: string;
  readonly icon: LucideIcon;
  readonly note?: string;
  readonly keys?: string;
  /** Further words by which it is found. */
  readonly words?: string;
  run(): void;
}

export interface Offers {
  readonly groups: readonly { readonly name: string; readonly offers: readonly Offer[] }[];
  readonly searching: boolean;
  readonly failed: boolean;
}

const PAUSE_MS = 150;
const MOST = 8;

export function useOffers(text: string): Offers {
  const places = usePlaceOffers();
  const actions = useActionOffers();
  const { instruments, pairs, searching, failed } = useMarketOffers(text);
  const typed = text.trim() !== "";
  const all = [
    { name: "Go to", offers: best(text, places) },
    { name: "Instruments", offers: typed ? best(text, instruments).slice(0, MOST) : [] },
    { name: "Markets", offers: pairs },
    { name: "Do", offers: best(text, actions) },
  ];
  return { groups: all.filter(({ offers }) => offers.length > 0), searching, failed };
}

function best(text: string, offers: readonly Offer[]): readonly Offer[] {
  return offers
    .map((offer) => ({ offer, score: rank(text, `${offer.name} ${offer.words ?? ""}`) }))
    .filter((found): found is { offer: Offer; score: number } => found.score !== null)
    .sort((one, other) => one.score - other.score)
    .map(({ offer }) => offer);
}

const TABS = [
  ["preferences", "Preferences", "currency time zone locale quiet hours"],
  ["keys", "API keys", "token bearer signed bot"],
  ["sessions", "Sessions", "devices signed in"],
  ["security", "Password and second factor", "totp authenticator 2fa recovery codes"],
  ["data", "My data", "download export erase delete account"],
] as const;

function usePlaceOffers(): readonly Offer[] {
  const { me } = useSession();
  const navigate = useNavigate();
  return useMemo(() => {
    const go = (to: string, search = {}) => void navigate({ to: to as never, search: search as never });
    const places = PLACES.flatMap(([group, list]) => list.map((place) => ({ group, place })))
      .filter(({ place }) => mayGo(place, me))
      .map(({ group, place }): Offer => ({
        id: place.to,
        name: place.name,
        icon: place.icon,
        words: group,
        ...(group === "Operator" ? { note: group } : {}),
        ...(place.key === undefined ? {} : { keys: `g ${place.key}` }),
        run: () => go(place.to),
      }));
    const tabs = TABS.map(([tab, name, words]): Offer => ({
      id: `/account/${tab}`,
      name,
      icon: UserRound,
      note: "Account",
      words,
      run: () => go("/account", tab === "preferences" ? {} : { tab }),
    }));
    const about: Offer = {
      id: "/about",
      name: "About",
      icon: Info,
      words: "version licence",
      run: () => go("/about"),
    };
    return [...places, ...(me ? tabs : []), about];
  }, [me, navigate]);
}

function useActionOffers(): readonly Offer[] {
  const { me } = useSession();
  const { preferences, change } = usePreferences();
  const registered = useRegistered();
  const signOut = useSignOut();
  const toasts = useToasts();
  const navigate = useNavigate();
  const run = (keys: string): void => registered.findLast((each) => each.keys === keys)?.run();
  const screen = registered
    .filter(({ group }) => group !== "Go to" && group !== "Everywhere")
    .map(({ keys, name, group, run: doIt }): Offer => ({
      id: `key ${keys} ${name}`,
      name,
      icon: Keyboard,
      note: group,
      keys,
      run: doIt,
    }));
  const themes = THEMES.filter(({ value }) => value !== preferences.theme).map(
    ({ value, name, icon }): Offer => ({
      id: `theme ${value}`,
      name: `Theme: ${name.toLowerCase()}`,
      icon,
      words: "colours mode",
      run: () => change({ theme: value }),
    }),
  );
  const { privacy } = preferences;
  const hide: Offer = {
    id: "privacy",
    name: privacy ? "Show amounts" : "Hide amounts",
    icon: privacy ? Eye : EyeOff,
    words: "privacy",
    run: () => change({ privacy: !privacy }),
  };
  const sheet: Offer = {
    id: "sheet",
    name: "Keyboard shortcuts",
    icon: Keyboard,
    keys: "?",
    words: "help",
    run: () => run("?"),
  };
  const door: Offer = me
    ? {
        id: "out",
        name: "Sign out",
        icon: LogOut,
        words: "log off leave",
        run: () => signOut.mutate(undefined, { onError: toasts.fail }),
      }
    : {
        id: "in",
        name: "Sign in",
        icon: LogIn,
        words: "log in register",
        run: () => void navigate({ to: "/sign-in" as never }),
      };
  return [...screen, ...(me ? [hide] : []), ...themes, sheet, door];
}

function useMarketOffers(text: string) {
  const navigate = useNavigate();
  const { locale } = usePreferences().preferences;
  const words = wordsOf(useSettled(text));
  const first = words[0] ?? "";
  const markets = useQuery({
    queryKey: ["markets", "palette", first],
    queryFn: ({ signal }) => {
      const query = { search: first, limit: 200 };
      const page = answer(api.GET("/api/v1/markets", { params: { query }, signal }));
      return page as Promise<Schemas["Page_MarketView_"]>;
    },
    enabled: first !== "",
    placeholderData: keepPreviousData,
  });
  const listed = useQuery({
    queryKey: ["instruments", "palette"],
    queryFn: () => {
      const page = answer(api.GET("/api/v1/instruments", { params: { query: { limit: 200 } } }));
      return page as Promise<Schemas["Page_InstrumentView_"]>;
    },
    staleTime: 60_000,
  });
  const rest = words.slice(1).join(" ");
  const pairs = (first === "" ? [] : (markets.data?.data ?? []))
    .filter((row) => rank(rest, `${row.pair} ${row.base} ${row.quote}`) !== null)
    .slice(0, MOST)
    .map((row): Offer => ({
      id: row.pair,
      name: row.pair.toUpperCase(),
      icon: LineChart,
      note: `${formatPrice(row.price, locale)}${row.stale ? " · old" : ""}`,
      run: () =>
        void navigate({
          to: "/markets/$base/$quote" as never,
          params: { base: row.base, quote: row.quote } as never,
        }),
    }));
  const instruments = (listed.data?.data ?? []).map((row): Offer => ({
    id: `trade ${row.symbol}`,
    name: row.symbol,
    icon: CandlestickChart,
    note: `Trade, ${row.kind}`,
    words: `${row.base} ${row.kind} trade`,
    run: () => void navigate({ to: "/trade/$symbol" as never, params: { symbol: row.symbol } as never }),
  }));
  return {
    pairs,
    instruments,
    searching: markets.isFetching || first !== (wordsOf(text)[0] ?? ""),
    failed: markets.isError || listed.isError,
  };
}

/** What was typed, once there was a moment without typing. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}
