import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent, type ReactNode } from "react";
import { asProblem } from "@/api/problems";
import { Button } from "@/components/Button";
import { CheckField, ChoiceField, Field, type Choice } from "@/components/Field";
import { Failed } from "@/components/States";
import { useFailWhenGone, useWhileHere } from "@/hooks/here";
import { useMe } from "@/hooks/session";
import { useFreshCode } from "./CodeField";
import { makeKey, SCOPES, useKeysChanged, type NewKey, type Scope } from "./keys";
import { faultOf } from "./session";

const KINDS: readonly Choice[] = [
  { value: "bearer", label: "Bearer: the key is sent with each request" },
  { value: "signed", label: "Signed: each request is signed, the secret is never sent" },
];

const LIVES: readonly Choice[] = [
  { value: "30", label: "30 days" },
  { value: "90", label: "90 days" },
  { value: "365", label: "A year" },
  { value: "0", label: "Until revoked" },
];

const DAY_MS = 86_400_000;

export function NewKeyForm({
  onMade,
  onClose,
}: {
  onMade: (key: NewKey) => void;
  onClose: () => void;
}): ReactNode {
  const me = useMe();
  const changed = useKeysChanged();
  const close = useWhileHere(onClose);
  const failWhenGone = useFailWhenGone();
  const [name, setName] = useState("");
  const [kind, setKind] = useState<"bearer" | "signed">("bearer");
  const [scopes, setScopes] = useState<readonly Scope[]>(["read"]);
  const [days, setDays] = useState("90");
  const [networks, setNetworks] = useState("");
  const make = useMutation({
    mutationFn: (code: { code?: string }) =>
      makeKey({
        name: name.trim(),
        kind,
        scopes: [...scopes],
        networks: networks.split(/[\s,]+/).filter((network) => network !== ""),
        expires_at: days === "0" ? null : new Date(Date.now() + Number(days) * DAY_MS).toISOString(),
        ...code,
      }),
    onSuccess: (key) => {
      changed();
      close();
      onMade(key);
    },
    onError: failWhenGone,
  });
  const fresh = useFreshCode(make.error);
  const problem = make.error === null || fresh.asked ? null : asProblem(make.error);
  const ofNetworks =
    problem?.faults.find(({ pointer }) => pointer?.startsWith("#/networks"))?.message ??
    (problem?.code === "not-a-network" ? problem.detail || problem.title : undefined);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    make.mutate(fresh.body);
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <Field
        label="Name"
        required
        autoFocus
        maxLength={100}
        placeholder="What it is for"
        value={name}
        fault={faultOf(problem, "name")}
        onChange={(event) => setName(event.target.value)}
      />
      <ChoiceField
        label="Kind"
        choices={KINDS}
        value={kind}
        onChange={(event) => setKind(event.target.value as typeof kind)}
      />
      <fieldset className="flex flex-col gap-1">
        <legend className="pb-1 text-[12px] text-ink-2">It may</legend>
        {me.scopes.map((scope) => (
          <CheckField
            key={scope}
            label={
              <span>
                <span className="font-medium text-ink">{scope}</span>: {SCOPES[scope]}
              </span>
            }
            checked={scopes.includes(scope)}
            onChange={(event) =>
              setScopes(event.target.checked ? [...scopes, scope] : scopes.filter((each) => each !== scope))
            }
          />
        ))}
        {scopes.length === 0 && <p className="text-[12px] text-danger">Choose at least one.</p>}
      </fieldset>
      <ChoiceField
        label="Good for"
        choices={LIVES}
        value={days}
        fault={faultOf(problem, "expires_at")}
        onChange={(event) => setDays(event.target.value)}
      />
      <Field
        label="From these networks only"
        value={networks}
        fault={ofNetworks}
        placeholder="192.0.2.0/24, 2001:db8::1"
        hint="Addresses or CIDR blocks, with commas; empty: from anywhere"
        onChange={(event) => setNetworks(event.target.value)}
      />
      {fresh.field}
      {problem !== null && ofNetworks === undefined && <Failed error={problem} compact />}
      <Button type="submit" look="primary" busy={make.isPending} disabled={scopes.length === 0}>
        Make the key
      </Button>
    </form>
  );
}
