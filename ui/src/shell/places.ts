/** Where one can go: the navigation and the command palette are made from this. */
import {
  Activity,
  Bell,
  BriefcaseBusiness,
  CandlestickChart,
  ClipboardCheck,
  FileInput,
  Gauge,
  Landmark,
  LineChart,
  ListChecks,
  type LucideIcon,
  ReceiptText,
  ScrollText,
  ShieldAlert,
  UserRound,
  Users,
} from "lucide-react";
import { mayOversee, type Me } from "@/hooks/session";
import type { Audience } from "./Gate";

export interface Place {
  readonly to: string;
  readonly name: string;
  readonly icon: LucideIcon;
  readonly audience: Audience;
  /** Pressed after `g`. */
  readonly key?: string;
  /** Among the first four on a phone. */
  readonly phone?: boolean;
}

export const PLACES: readonly (readonly [string, readonly Place[]])[] = [
  [
    "Desk",
    [
      { to: "/markets", name: "Markets", icon: LineChart, audience: "anyone", key: "m", phone: true },
      { to: "/trade", name: "Trade", icon: CandlestickChart, audience: "person", key: "t", phone: true },
      {
        to: "/portfolio",
        name: "Portfolio",
        icon: BriefcaseBusiness,
        audience: "person",
        key: "p",
        phone: true,
      },
      { to: "/alerts", name: "Alerts", icon: Bell, audience: "person", key: "a", phone: true },
    ],
  ],
  [
    "Books",
    [
      { to: "/transactions", name: "Transactions", icon: ReceiptText, audience: "person", key: "l" },
      { to: "/imports", name: "Imports", icon: FileInput, audience: "person", key: "i" },
      { to: "/data-quality", name: "Data quality", icon: ClipboardCheck, audience: "person", key: "q" },
      { to: "/tax", name: "Tax", icon: Landmark, audience: "person", key: "x" },
    ],
  ],
  [
    "Operator",
    [
      { to: "/operator", name: "Overview", icon: Gauge, audience: "overseer", key: "o" },
      { to: "/operator/cases", name: "Cases", icon: ShieldAlert, audience: "overseer", key: "c" },
      { to: "/operator/exposure", name: "Exposure", icon: LineChart, audience: "overseer", key: "e" },
      { to: "/operator/people", name: "People", icon: Users, audience: "overseer" },
      { to: "/operator/audit", name: "Audit", icon: ScrollText, audience: "overseer" },
      { to: "/operator/health", name: "Health", icon: Activity, audience: "overseer", key: "h" },
    ],
  ],
  [
    "You",
    [
      { to: "/jobs", name: "Jobs", icon: ListChecks, audience: "person", key: "j" },
      { to: "/account", name: "Account", icon: UserRound, audience: "person", key: "u" },
    ],
  ],
];

/** Whether somebody is led there; a stranger is asked to sign in elsewhere. */
export function mayGo(place: Place, me: Me | null | undefined): boolean {
  if (place.audience === "overseer") return mayOversee(me);
  return place.audience === "anyone" || Boolean(me);
}
