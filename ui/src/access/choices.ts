/** What can be chosen in the preferences. */
import type { Choice } from "@/components/Field";

export const CURRENCIES: readonly Choice[] = [
  { value: "usd", label: "US dollar (USD)" },
  { value: "eur", label: "Euro (EUR)" },
  { value: "gbp", label: "Pound sterling (GBP)" },
  { value: "chf", label: "Swiss franc (CHF)" },
  { value: "jpy", label: "Japanese yen (JPY)" },
  { value: "cad", label: "Canadian dollar (CAD)" },
  { value: "aud", label: "Australian dollar (AUD)" },
  { value: "bitcoin", label: "Bitcoin (BTC)" },
];

export const LOCALES: readonly Choice[] = [
  { value: "en", label: "English" },
  { value: "en-GB", label: "English, United Kingdom" },
  { value: "en-IN", label: "English, India" },
  { value: "de", label: "German" },
  { value: "de-AT", label: "German, Austria" },
  { value: "de-CH", label: "German, Switzerland" },
  { value: "fr", label: "French" },
  { value: "es", label: "Spanish" },
  { value: "it", label: "Italian" },
  { value: "pt-BR", label: "Portuguese, Brazil" },
  { value: "pl", label: "Polish" },
  { value: "ja", label: "Japanese" },
];

export const THEMES: readonly Choice[] = [
  { value: "system", label: "As the system" },
  { value: "dark", label: "Dark" },
  { value: "light", label: "Light" },
];

export const ZONES: readonly string[] = ["UTC", ...Intl.supportedValuesOf("timeZone")];

/** The choices and, where it is none of them, what was chosen through the API. */
export function withChosen(choices: readonly Choice[], chosen: string): readonly Choice[] {
  return choices.some(({ value }) => value === chosen)
    ? choices
    : [...choices, { value: chosen, label: chosen.toUpperCase() }];
}
