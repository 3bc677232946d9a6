/** What an operator may do about a person; each of it with a reason. */
import { MoreHorizontal } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { useState, type ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { IconButton } from "@/components/Button";
import { ChoiceField } from "@/components/Field";
import { useMe } from "@/hooks/session";
import { ReasonDialog, type Act } from "./ReasonDialog";
import { setTradingState } from "./trading-state";
import { shortId, spoken } from "./words";

type Person = Schemas["OverseenPersonView"];

export type PersonAct = "tier" | "disable" | "enable" | "sign-out" | "halt";

const LABELS: Readonly<Record<PersonAct, string>> = {
  tier: "Change tier…",
  "sign-out": "Sign out everywhere…",
  halt: "Trading state…",
  disable: "Disable…",
  enable: "Enable…",
};

export function PersonActs({
  person,
  choose,
}: {
  person: Person;
  choose: (person: Person, act: PersonAct) => void;
}): ReactNode {
  const me = useMe();
  const own = person.user_id === me.id;
  const acts: readonly PersonAct[] = [
    "tier",
    "halt",
    "sign-out",
    ...(own ? [] : [person.enabled ? ("disable" as const) : ("enable" as const)]),
  ];
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>
        <IconButton small label={`What can be done about person ${shortId(person.user_id)}`}>
          <MoreHorizontal aria-hidden className="size-4" />
        </IconButton>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align="end"
          sideOffset={4}
          className="panel z-50 min-w-44 p-1 text-[13px] shadow-lg"
        >
          {acts.map((act) => (
            <DropdownMenu.Item
              key={act}
              onSelect={() => choose(person, act)}
              className={`block cursor-pointer rounded px-2 py-1.5 outline-none data-highlighted:bg-raised ${act === "disable" ? "text-danger" : ""}`}
            >
              {LABELS[act]}
            </DropdownMenu.Item>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

export function PersonDialog({
  person,
  act,
  onClose,
}: {
  person: Person;
  act: PersonAct;
  onClose: () => void;
}): ReactNode {
  const [tier, setTier] = useState(person.tier);
  const [state, setState] = useState<Schemas["TradingState"]>("reduce-only");
  const params = { path: { user_id: person.user_id } };
  const who = `person ${shortId(person.user_id)}`;
  const acts: Readonly<Record<PersonAct, Act>> = {
    tier: {
      title: `Change the tier of ${who}`,
      description: "It caps their leverage and sets the limits of their API keys.",
      button: "Change tier",
      done: "The tier is changed",
      disabled: tier === person.tier,
      fields: (
        <ChoiceField
          label="Tier"
          value={tier}
          onChange={(event) => setTier(event.target.value as Person["tier"])}
          choices={["beginner", "intermediate", "advanced"].map((value) => ({
            value,
            label: value === person.tier ? `${spoken(value)} (now)` : spoken(value),
          }))}
        />
      ),
      run: (reason) => answer(api.PUT("/api/v1/trading/tiers/{user_id}", { params, body: { tier, reason } })),
    },
    halt: {
      title: `Trading state of ${who}`,
      description: "Of their paper account alone. The strictest of account, market and venue counts.",
      button: "Set state",
      danger: state === "halted",
      done: `Their account is ${state}`,
      fields: (
        <ChoiceField
          label="State"
          value={state}
          onChange={(event) => setState(event.target.value as Schemas["TradingState"])}
          choices={[
            { value: "active", label: "Active: orders are taken" },
            { value: "reduce-only", label: "Reduce only: positions can only become smaller" },
            { value: "halted", label: "Halted: nothing is matched, triggered or liquidated" },
          ]}
        />
      ),
      run: (reason) => setTradingState(state, reason, { user_id: person.user_id }),
    },
    "sign-out": {
      title: `Sign out ${who}`,
      description: "Ends every session of theirs within two seconds. They may sign in again.",
      button: "Sign out",
      danger: true,
      done: "All their sessions are ended",
      run: (reason) => answer(api.POST("/api/v1/people/{user_id}/sign-out", { params, body: { reason } })),
    },
    disable: {
      title: `Disable ${who}`,
      description: "They can neither sign in nor use a key until they are enabled again. Their data stays.",
      button: "Disable",
      danger: true,
      done: "They are disabled",
      run: (reason) => answer(api.POST("/api/v1/people/{user_id}/disable", { params, body: { reason } })),
    },
    enable: {
      title: `Enable ${who}`,
      description: "They can sign in again.",
      button: "Enable",
      done: "They are enabled",
      run: (reason) => answer(api.POST("/api/v1/people/{user_id}/enable", { params, body: { reason } })),
    },
  };
  return <ReasonDialog act={acts[act]} onClose={onClose} />;
}
