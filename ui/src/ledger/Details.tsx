/** One transaction with its legs, and what can be done about it (`?tx=<id>`). */
import { useState, type ReactNode } from "react";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { Change } from "@/components/Change";
import { Coin, Quantity } from "@/components/Coin";
import { Dialog } from "@/components/Dialog";
import { Field } from "@/components/Field";
import { Answered, Failed } from "@/components/States";
import { Table } from "@/components/Table";
import { Time, ZoneNote } from "@/components/Time";
import { WalletName } from "@/components/Wallet";
import { useFailWhenGone, useWhileHere } from "@/hooks/here";
import { useOwnMoney } from "@/hooks/preferences";
import { useToasts } from "@/hooks/toasts";
import { useSetSearch, useUrlState } from "@/hooks/url-state";
import { bodyAgain, canBeRecordedAgain, type Transaction } from "./entry";
import { KINDS } from "./kinds";
import { record, takeOut, useBooksChanged, useTransaction } from "./queries";
import { Source } from "./TransactionList";

export function Details(): ReactNode {
  const [id, setId] = useUrlState("tx");
  const query = useTransaction(id);
  return (
    <Dialog
      open={id !== ""}
      onClose={() => setId("")}
      title={query.data === undefined ? "Transaction" : KINDS[query.data.kind].name}
      side
    >
      <Answered query={query}>
        {(transaction) => <Shown key={transaction.id} transaction={transaction} />}
      </Answered>
    </Dialog>
  );
}

function Shown({ transaction }: { transaction: Transaction }): ReactNode {
  const inForce = transaction.voided_by === null && transaction.kind !== "void";
  return (
    <div className="flex flex-col gap-4 text-[13px]">
      <Facts transaction={transaction} />
      {transaction.legs.length > 0 && <Legs transaction={transaction} />}
      {transaction.realised.length > 0 && (
        <p>
          Realised:{" "}
          {transaction.realised.map(({ currency, profit }) => (
            <span key={currency} className="mr-2">
              <Change value={profit} as="money" currency={currency} own />
            </span>
          ))}
          <span className="text-ink-3">(proceeds less average cost)</span>
        </p>
      )}
      {inForce && <Actions transaction={transaction} />}
    </div>
  );
}

function Facts({ transaction }: { transaction: Transaction }): ReactNode {
  const set = useSetSearch();
  const { voided_by: voidedBy, voids } = transaction;
  const facts: readonly (readonly [string, ReactNode])[] = [
    [
      "Happened",
      <span key="at">
        <Time at={transaction.occurred_at} to={transaction.precision === "day" ? "day" : "second"} />
        {transaction.precision === "day" && <span className="text-ink-3"> (only the day is known)</span>}
      </span>,
    ],
    ["Recorded", <Time key="recorded" at={transaction.recorded_at} to="second" />],
    ["Source", <Source key="source" transaction={transaction} />],
    ...(transaction.external_id === null
      ? []
      : [
          [
            "Known there as",
            <span key="id" className="break-all">
              {transaction.external_id}
            </span>,
          ] as const,
        ]),
    ...(transaction.note === "" ? [] : [["Note", transaction.note] as const]),
    [
      "Id",
      <span key="id" className="break-all text-ink-3">
        {transaction.id}
      </span>,
    ],
  ];
  const other = voidedBy ?? voids;
  return (
    <div>
      {other !== null && (
        <p className="mb-2 flex items-center gap-2">
          <Badge tone="warn">{voidedBy === null ? "voids another" : "voided"}</Badge>
          <button
            type="button"
            className="text-accent underline underline-offset-2"
            onClick={() => set({ tx: other })}
          >
            {voidedBy === null ? "What it voids" : "By what, and why"}
          </button>
        </p>
      )}
      <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1">
        {facts.map(([name, value]) => (
          <div key={name} className="contents">
            <dt className="text-ink-2">{name}</dt>
            <dd className="min-w-0 break-words">{value}</dd>
          </div>
        ))}
      </dl>
      <p className="mt-1">
        <ZoneNote />
      </p>
    </div>
  );
}

const ROLES = { principal: "", fee: "fee", withheld_fee: "fee, withheld" } as const;

function Legs({ transaction }: { transaction: Transaction }): ReactNode {
  const money = useOwnMoney();
  return (
    <div className="rounded border border-line">
      <Table
        label="Legs"
        keyOf={({ place }) => String(place)}
        rows={transaction.legs.map((leg, place) => ({ ...leg, place }))}
        columns={[
          {
            id: "quantity",
            header: "Moved",
            num: true,
            cell: (leg) => <Quantity value={leg.quantity} signed most={18} />,
          },
          {
            id: "coin",
            header: "Coin",
            cell: (leg) => (
              <>
                <Coin id={leg.coin_id} /> <span className="text-ink-3">{ROLES[leg.role]}</span>
              </>
            ),
          },
          { id: "wallet", header: "Wallet", cell: (leg) => <WalletName id={leg.wallet_id} /> },
          {
            id: "value",
            header: "Worth",
            num: true,
            cell: (leg) =>
              leg.valued ? (
                money(leg.value, transaction.currency)
              ) : (
                <span className="text-warn" title="Nobody knew what it was worth">
                  unknown
                </span>
              ),
          },
        ]}
      />
    </div>
  );
}

function Actions({ transaction }: { transaction: Transaction }): ReactNode {
  const set = useSetSearch();
  const toasts = useToasts();
  const changed = useBooksChanged();
  const [voiding, setVoiding] = useState(false);
  const [note, setNote] = useState("");
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const again = canBeRecordedAgain(transaction);
  const close = useWhileHere(() => set({ tx: undefined }));
  const failWhenGone = useFailWhenGone();
  const run = async (): Promise<void> => {
    setBusy(true);
    try {
      await takeOut(transaction.id, note.trim());
      close();
      toasts.tell({
        tone: "good",
        title: `${KINDS[transaction.kind].name} voided`,
        detail: again
          ? "It has no effect any more, and stays readable."
          : "To have it back, record it again.",
        ...(again
          ? {
              action: {
                label: "Undo",
                run: () => void record(bodyAgain(transaction)).then(changed).catch(toasts.fail),
              },
            }
          : {}),
      });
      await changed();
    } catch (error) {
      failWhenGone(error);
      setFailure(error);
      setBusy(false);
    }
  };
  if (!voiding) {
    return (
      <div className="flex gap-2">
        <Button onClick={() => set({ tx: undefined, correct: transaction.id })}>Correct</Button>
        <Button look="danger" onClick={() => setVoiding(true)}>
          Void
        </Button>
      </div>
    );
  }
  return (
    <form
      className="flex flex-col gap-3 rounded border border-line p-3"
      onSubmit={(event) => {
        event.preventDefault();
        void run();
      }}
    >
      <p className="text-ink-2">
        It is taken out of force, as if it had not happened. It stays readable, and the void says why.
        {!again && " What some leg was worth is not known, so it cannot be undone here."}
      </p>
      <Field
        label="Why"
        autoFocus
        maxLength={1000}
        value={note}
        onChange={(event) => setNote(event.target.value)}
      />
      {failure !== null && <Failed error={failure} compact />}
      <div className="flex gap-2">
        <Button type="submit" look="danger" busy={busy}>
          Void it
        </Button>
        <Button look="quiet" onClick={() => setVoiding(false)}>
          Keep it
        </Button>
      </div>
    </form>
  );
}
