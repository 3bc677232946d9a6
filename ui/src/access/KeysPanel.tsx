import { useMutation } from "@tanstack/react-query";
import { ChartColumn, Plus, RefreshCw, Trash2 } from "lucide-react";
import { useState, type ReactNode } from "react";
import { Badge } from "@/components/Badge";
import { Button, IconButton } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { Panel } from "@/components/Panel";
import { Answered, Empty, Failed } from "@/components/States";
import { Table, type Column } from "@/components/Table";
import { Time, ZoneNote } from "@/components/Time";
import { useFailWhenGone, useWhileHere } from "@/hooks/here";
import { KeyShown } from "./KeyShown";
import { KeyUsage } from "./KeyUsage";
import { revokeKey, useKeys, useKeysChanged, type Key, type NewKey } from "./keys";
import { NewKeyForm } from "./NewKeyForm";
import { RotateForm } from "./RotateForm";

type Doing = { readonly what: "new" } | { readonly what: "rotate" | "usage" | "revoke"; readonly key: Key };

const TITLES: Readonly<Record<Doing["what"], string>> = {
  new: "New API key",
  rotate: "Rotate the key",
  usage: "Use of the key",
  revoke: "Revoke the key",
};

export function KeysPanel(): ReactNode {
  const keys = useKeys();
  const [doing, setDoing] = useState<Doing | null>(null);
  // One after the other, over whatever is open by then: each can be seen this once.
  const [made, setMade] = useState<readonly NewKey[]>([]);
  const close = (): void => setDoing(null);
  const show = (key: NewKey): void => setMade((all) => [...all, key]);
  const kept = (): void => setMade((all) => all.slice(1));
  const add = (
    <Button
      small
      look="primary"
      icon={<Plus aria-hidden className="size-3.5" />}
      onClick={() => setDoing({ what: "new" })}
    >
      New key
    </Button>
  );
  return (
    <Panel title="API keys" note={<ZoneNote />} actions={add}>
      <Answered
        query={keys}
        empty={{
          when: ({ data }) => data.length === 0,
          show: <Empty title="No API keys">A key lets a program of yours call the API in your name.</Empty>,
        }}
      >
        {({ data }) => (
          <Table label="API keys" columns={columnsOf(setDoing)} rows={data} keyOf={(key) => key.id} />
        )}
      </Answered>
      <Dialog
        open={doing !== null}
        onClose={close}
        title={doing === null ? "" : TITLES[doing.what]}
        wide={doing?.what === "usage"}
      >
        {doing?.what === "new" && <NewKeyForm onMade={show} onClose={close} />}
        {doing?.what === "rotate" && <RotateForm of={doing.key} onMade={show} onClose={close} />}
        {doing?.what === "usage" && <KeyUsage of={doing.key} />}
        {doing?.what === "revoke" && <Revoking of={doing.key} onClose={close} />}
      </Dialog>
      <Dialog open={made[0] !== undefined} onClose={kept} title="Your key" shownOnce>
        {made[0] !== undefined && <KeyShown key={made[0].id} made={made[0]} onClose={kept} />}
      </Dialog>
    </Panel>
  );
}

function columnsOf(act: (doing: Doing) => void): readonly Column<Key>[] {
  return [
    {
      id: "name",
      header: "Name",
      cell: (key) => (
        <span className="inline-flex items-center gap-1.5">
          <span className="max-w-56 truncate font-medium" title={key.name}>
            {key.name}
          </span>
          {key.rotated_to !== null && <Badge tone="warn">rotated</Badge>}
          {isExpired(key) && <Badge tone="bad">expired</Badge>}
        </span>
      ),
    },
    { id: "kind", header: "Kind", cell: (key) => key.kind },
    {
      id: "scopes",
      header: "Scopes",
      cell: (key) => (
        <span className="inline-flex gap-1">
          {key.scopes.map((scope) => (
            <Badge key={scope} {...(scope === "admin" ? { tone: "warn" as const } : {})}>
              {scope}
            </Badge>
          ))}
        </span>
      ),
    },
    {
      id: "networks",
      header: "From",
      wide: true,
      cell: (key) =>
        key.networks.length === 0 ? <span className="text-ink-3">anywhere</span> : key.networks.join(", "),
    },
    {
      id: "expires",
      header: "Expires",
      cell: (key) =>
        key.expires_at === null ? <span className="text-ink-3">never</span> : <Time at={key.expires_at} />,
    },
    {
      id: "used",
      header: "Last used",
      cell: (key) =>
        key.last_used_at === null ? (
          <span className="text-ink-3">never</span>
        ) : (
          <Time at={key.last_used_at} />
        ),
    },
    {
      id: "act",
      header: <span className="sr-only">Actions</span>,
      cell: (key) => (
        <span className="flex justify-end">
          <IconButton small label={`Use of ${key.name}`} onClick={() => act({ what: "usage", key })}>
            <ChartColumn aria-hidden className="size-3.5" />
          </IconButton>
          <IconButton
            small
            label={`Rotate ${key.name}`}
            disabled={key.rotated_to !== null || isExpired(key)}
            onClick={() => act({ what: "rotate", key })}
          >
            <RefreshCw aria-hidden className="size-3.5" />
          </IconButton>
          <IconButton small label={`Revoke ${key.name}`} onClick={() => act({ what: "revoke", key })}>
            <Trash2 aria-hidden className="size-3.5" />
          </IconButton>
        </span>
      ),
    },
  ];
}

function isExpired(key: Key): boolean {
  return key.expires_at !== null && new Date(key.expires_at).getTime() <= Date.now();
}

function Revoking({ of, onClose }: { of: Key; onClose: () => void }): ReactNode {
  const changed = useKeysChanged();
  const close = useWhileHere(onClose);
  const failWhenGone = useFailWhenGone();
  const revoke = useMutation({
    mutationFn: () => revokeKey(of.id),
    onSuccess: () => {
      changed();
      close();
    },
    onError: failWhenGone,
  });
  return (
    <div className="flex flex-col gap-3 text-[13px]">
      <p>
        “{of.name}” and all access tokens made from it stop working at once. This cannot be taken back; a new
        key can be made.
      </p>
      {revoke.error !== null && <Failed error={revoke.error} compact />}
      <div className="flex gap-2">
        <Button look="danger" busy={revoke.isPending} onClick={() => revoke.mutate()}>
          Revoke
        </Button>
        <Button onClick={onClose}>Keep it</Button>
      </div>
    </div>
  );
}
