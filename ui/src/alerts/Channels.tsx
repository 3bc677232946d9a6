/** Where alerts go beside the page. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState, type ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { Badge, type Tone } from "@/components/Badge";
import { Button } from "@/components/Button";
import { PagesOf, usePages } from "@/components/Pages";
import { Panel } from "@/components/Panel";
import { Empty } from "@/components/States";
import { Time, ZoneNote } from "@/components/Time";
import { useToasts } from "@/hooks/toasts";
import { ChannelForm, Confirm, Secret } from "./ChannelForm";
import { useMayWrite } from "./may";

export type Channel = Schemas["ChannelView"];

const TONES: Readonly<Record<Channel["state"], Tone>> = { on: "good", off: "neutral", unconfirmed: "warn" };

export function Channels(): ReactNode {
  const mayWrite = useMayWrite();
  const [making, setMaking] = useState(false);
  // One after the other: each can be seen this once.
  const [secrets, setSecrets] = useState<readonly Schemas["ShownOnceView"][]>([]);
  const show = (made: Schemas["ShownOnceView"]): void => {
    if (made.secret !== null) setSecrets((all) => [...all, made]);
  };
  const query = usePages(
    ["alerts", "channels"],
    (cursor) =>
      answer(
        api.GET("/api/v1/alert-channels", { params: { query: { limit: 100, ...(cursor && { cursor }) } } }),
      ),
    { everyMs: 15_000 },
  );
  const add = (
    <Button
      look="primary"
      small
      icon={<Plus aria-hidden className="size-3.5" />}
      onClick={() => setMaking(true)}
    >
      New channel
    </Button>
  );
  return (
    <Panel title="Channels" note={<ZoneNote />} actions={mayWrite && add}>
      <p className="border-b border-line px-3 py-2 text-[13px] text-ink-2">
        The page itself is always told. Where a channel leads is sealed when it is stored; only a part of it
        is shown again.
      </p>
      <PagesOf
        query={query}
        empty={
          <Empty title="No channel yet" action={mayWrite && add}>
            A webhook, an e-mail address or a service that Apprise knows.
          </Empty>
        }
      >
        {(rows) => (
          <ul>
            {rows.map((channel) => (
              <Row key={channel.id} channel={channel} onSecret={show} />
            ))}
          </ul>
        )}
      </PagesOf>
      {making && <ChannelForm onClose={() => setMaking(false)} onMade={show} />}
      {secrets[0] !== undefined && (
        <Secret made={secrets[0]} onClose={() => setSecrets((all) => all.slice(1))} />
      )}
    </Panel>
  );
}

const OFF_BECAUSE: Readonly<Record<string, string>> = {
  "receiver-gone": "the receiver said that it is gone (410)",
};

function Row({
  channel,
  onSecret,
}: {
  channel: Channel;
  onSecret: (made: Schemas["ShownOnceView"]) => void;
}): ReactNode {
  const mayWrite = useMayWrite();
  const rotating = channel.old_secret_until;
  return (
    <li className="flex flex-col gap-2 border-b border-line px-3 py-2.5 text-[13px] last:border-b-0">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <Badge tone={TONES[channel.state]}>{channel.state}</Badge>
        <span className="font-medium">{channel.name}</span>
        <span className="text-ink-3">{channel.kind}</span>
        <span className="min-w-0 break-all text-ink-2">{channel.place}</span>
        <span className="ml-auto text-[12px] text-ink-3">
          since <Time at={channel.created_at} to="day" />
        </span>
      </div>
      {channel.off_because !== null && (
        <p className="text-[12px] text-warn">
          Switched off: {OFF_BECAUSE[channel.off_because] ?? channel.off_because}
        </p>
      )}
      {rotating !== null && (
        <p className="text-[12px] text-ink-2">
          Messages are signed with the secret before as well until <Time at={rotating} />.
        </p>
      )}
      {channel.state === "unconfirmed" && mayWrite && <Confirm channel={channel} />}
      {mayWrite && <Acts channel={channel} onSecret={onSecret} />}
    </li>
  );
}

function Acts({
  channel,
  onSecret,
}: {
  channel: Channel;
  onSecret: (made: Schemas["ShownOnceView"]) => void;
}): ReactNode {
  const client = useQueryClient();
  const toasts = useToasts();
  const [sure, setSure] = useState(false);
  const params = { path: { channel_id: channel.id } };
  const settled = {
    onError: toasts.fail,
    onSettled: () => client.invalidateQueries({ queryKey: ["alerts"] }),
  };
  const test = useMutation({
    mutationFn: () => answer(api.POST("/api/v1/alert-channels/{channel_id}/test", { params })),
    onSuccess: () =>
      toasts.tell({
        title: "A test is on its way",
        detail: "How it ends stands under Deliveries.",
        tone: "good",
      }),
    ...settled,
  });
  const turn = useMutation({
    mutationFn: (enabled: boolean) =>
      answer(api.PATCH("/api/v1/alert-channels/{channel_id}", { params, body: { enabled } })),
    ...settled,
  });
  const rotate = useMutation({
    mutationFn: () =>
      answer(api.POST("/api/v1/alert-channels/{channel_id}/secret", { params, body: { overlap_s: 86_400 } })),
    onSuccess: onSecret,
    ...settled,
  });
  const remove = useMutation({
    mutationFn: () => answer(api.DELETE("/api/v1/alert-channels/{channel_id}", { params })),
    onSuccess: () => toasts.tell({ title: "The channel and its log are removed", tone: "good" }),
    ...settled,
  });
  return (
    <div className="flex flex-wrap gap-1.5">
      {channel.state === "on" && (
        <Button small busy={test.isPending} onClick={() => test.mutate()}>
          Send a test
        </Button>
      )}
      {channel.state !== "unconfirmed" && (
        <Button small busy={turn.isPending} onClick={() => turn.mutate(channel.state === "off")}>
          {channel.state === "off" ? "Switch on" : "Switch off"}
        </Button>
      )}
      {channel.kind === "webhook" && (
        <Button
          small
          busy={rotate.isPending}
          title="The old one is good for another day"
          onClick={() => rotate.mutate()}
        >
          New secret
        </Button>
      )}
      {sure ? (
        <>
          <Button small look="danger" busy={remove.isPending} onClick={() => remove.mutate()}>
            Delete with its log
          </Button>
          <Button small onClick={() => setSure(false)}>
            Keep
          </Button>
        </>
      ) : (
        <Button small look="quiet" onClick={() => setSure(true)}>
          Delete
        </Button>
      )}
    </div>
  );
}
