/** Makes a channel, confirms one by its code, and shows a secret the one time it can be seen. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Copy } from "lucide-react";
import { useState, type ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { asProblem } from "@/api/problems";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { ChoiceField, Field } from "@/components/Field";
import { Failed } from "@/components/States";
import { useFailWhenGone, useWhileHere } from "@/hooks/here";
import { useToasts } from "@/hooks/toasts";
import { faultAt } from "./subjects";

type Kind = Schemas["ChannelView"]["kind"];

const KINDS: Readonly<Record<Kind, { name: string; field: string; example: string; hint: string }>> = {
  webhook: {
    name: "Webhook",
    field: "Address",
    example: "https://hooks.example.org/desk",
    hint: "https to a public host. Messages are JSON and signed as Standard Webhooks has it.",
  },
  email: {
    name: "E-mail",
    field: "E-mail address",
    example: "ada@example.org",
    hint: "A code is sent there first; it has to come back within 30 minutes.",
  },
  apprise: {
    name: "Apprise",
    field: "Address as Apprise writes it",
    example: "tgram://token/chat",
    hint: "Of a service that whoever runs this desk allows.",
  },
};

export function ChannelForm({
  onClose,
  onMade,
}: {
  onClose: () => void;
  onMade: (made: Schemas["ShownOnceView"]) => void;
}): ReactNode {
  const [kind, setKind] = useState<Kind>("webhook");
  const [name, setName] = useState("");
  const [place, setPlace] = useState("");
  const [tried, setTried] = useState(false);
  const client = useQueryClient();
  const words = KINDS[kind];
  const close = useWhileHere(onClose);
  const failWhenGone = useFailWhenGone();
  const making = useMutation({
    mutationFn: () =>
      answer(
        api.POST("/api/v1/alert-channels", {
          body: kind === "email" ? { kind, name, email: place } : { kind, name, url: place },
        }),
      ),
    onSuccess: (made) => {
      void client.invalidateQueries({ queryKey: ["alerts", "channels"] });
      close();
      onMade(made);
    },
    onError: failWhenGone,
  });
  const problem = making.error === null ? null : asProblem(making.error);
  const faults = problem?.faults ?? [];
  const placeFault = faultAt(faults, "#/url") ?? faultAt(faults, "#/email");
  return (
    <Dialog open onClose={onClose} title="New channel">
      <form
        noValidate
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (name.trim() !== "" && place.trim() !== "") making.mutate();
        }}
      >
        <ChoiceField
          label="Kind"
          value={kind}
          onChange={(event) => setKind(event.target.value as Kind)}
          choices={(Object.keys(KINDS) as Kind[]).map((value) => ({ value, label: KINDS[value].name }))}
        />
        <Field
          label="Name"
          value={name}
          maxLength={100}
          placeholder="the bot"
          required
          fault={faultAt(faults, "#/name") ?? (tried && name.trim() === "" ? "It needs a name." : null)}
          onChange={(event) => setName(event.target.value)}
        />
        <Field
          label={words.field}
          value={place}
          placeholder={words.example}
          type={kind === "email" ? "email" : "text"}
          inputMode={kind === "email" ? "email" : "url"}
          required
          hint={words.hint}
          fault={placeFault ?? (tried && place.trim() === "" ? "Say where it leads." : null)}
          onChange={(event) => setPlace(event.target.value.trim())}
        />
        {problem !== null && <Failed error={problem} compact />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={making.isPending}>
            Make the channel
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** The code that was sent to an e-mail address. */
export function Confirm({ channel }: { channel: Schemas["ChannelView"] }): ReactNode {
  const [code, setCode] = useState("");
  const client = useQueryClient();
  const toasts = useToasts();
  const confirming = useMutation({
    mutationFn: () =>
      answer(
        api.POST("/api/v1/alert-channels/{channel_id}/confirm", {
          params: { path: { channel_id: channel.id } },
          body: { code },
        }),
      ),
    onSuccess: () => toasts.tell({ title: "The channel is on", tone: "good" }),
    onSettled: () => client.invalidateQueries({ queryKey: ["alerts", "channels"] }),
  });
  return (
    <form
      className="flex flex-wrap items-end gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        if (/^\d{8}$/.test(code)) confirming.mutate();
      }}
    >
      <div className="w-52">
        <Field
          label="Code from the e-mail, 8 digits"
          inputMode="numeric"
          autoComplete="one-time-code"
          maxLength={8}
          value={code}
          onChange={(event) => setCode(event.target.value.replaceAll(/\D/g, ""))}
        />
      </div>
      <Button type="submit" disabled={code.length !== 8} busy={confirming.isPending}>
        Confirm
      </Button>
      {confirming.error !== null && (
        <div className="w-full">
          <Failed error={confirming.error} compact />
        </div>
      )}
    </form>
  );
}

export function Secret({
  made,
  onClose,
}: {
  made: Schemas["ShownOnceView"];
  onClose: () => void;
}): ReactNode {
  const toasts = useToasts();
  const { secret } = made;
  if (secret === null) return null;
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Secret of ${made.name}`}
      shownOnce
      description="Messages are verified with it. It is shown now and never again: keep it where your receiver can read it."
    >
      <div className="flex flex-col gap-3">
        <code className="rounded border border-line bg-page p-3 text-[13px] break-all select-all">
          {secret}
        </code>
        <div className="flex justify-end gap-2">
          <Button
            icon={<Copy aria-hidden className="size-4" />}
            onClick={() =>
              void navigator.clipboard
                .writeText(secret)
                .then(() => toasts.tell({ title: "Copied", tone: "good" }), toasts.fail)
            }
          >
            Copy
          </Button>
          <Button look="primary" onClick={onClose}>
            I have kept it
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
