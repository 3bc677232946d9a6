/** How this person wants things shown: from the service when signed in, else from this browser. */
import { createContext, useContext, useMemo } from "react";
import type { Schemas } from "@/api/client";
import type { Manner } from "@/format/amounts";
import { formatPrice, formatMoney, HIDDEN } from "@/format/amounts";
import type { Zone } from "@/format/times";

export type Preferences = Pick<
  Schemas["PreferencesView"],
  "currency" | "time_zone" | "locale" | "theme" | "privacy"
>;

export interface PreferencesState {
  readonly preferences: Preferences;
  change(changes: Partial<Preferences>): void;
}

export const DEFAULTS: Preferences = {
  currency: "usd",
  time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC",
  locale: "en",
  theme: "system",
  privacy: false,
};

export const PreferencesContext = createContext<PreferencesState>({
  preferences: DEFAULTS,
  change: () => undefined,
});

export function usePreferences(): PreferencesState {
  return useContext(PreferencesContext);
}

export function useZone(): Zone {
  const { time_zone: name, locale } = usePreferences().preferences;
  return useMemo(() => ({ name, locale }), [name, locale]);
}

export function useManner(): Manner {
  const { locale, privacy } = usePreferences().preferences;
  return useMemo(() => ({ locale, privacy }), [locale, privacy]);
}

/** Formats money of the reader's own: hidden in privacy mode. */
export function useOwnMoney(): (text: string | null | undefined, currency?: string) => string {
  const { currency: own, locale, privacy } = usePreferences().preferences;
  return (text, currency = own) => (privacy ? HIDDEN : formatMoney(text, currency, locale));
}

export function usePriceFormat(): (text: string | null | undefined, places?: number) => string {
  const { locale } = usePreferences().preferences;
  return (text, places) => formatPrice(text, locale, places);
}
