import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { answer, api } from "@/api/client";
import { useForget } from "@/access/session";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { Failed } from "@/components/States";
import { useFailWhenGone } from "@/hooks/here";
import { useSession } from "@/hooks/session";
import { useToasts } from "@/hooks/toasts";

/** Everything here is invented, and says so wherever one looks. */
export function DemoBadge(): ReactNode {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button
        type="button"
        title="What is simulated here?"
        onClick={() => setOpen(true)}
        className="rounded border border-warn bg-warn-soft px-1.5 text-[11.5px] font-semibold tracking-wide text-warn"
      >
        DEMO
      </button>
      <Dialog open={open} onClose={() => setOpen(false)} title="This is a demo">
        <Explained onClose={() => setOpen(false)} />
      </Dialog>
    </>
  );
}

type Wish = "empty" | "again";

function Explained({ onClose }: { onClose: () => void }): ReactNode {
  const [wish, setWish] = useState<Wish | null>(null);
  const { refresh } = useSession();
  const forget = useForget();
  const failWhenGone = useFailWhenGone();
  const toasts = useToasts();
  const navigate = useNavigate();
  const wipe = useMutation({
    mutationFn: (wanted: Wish) =>
      answer(api.POST("/api/v1/demo/wipe", { body: { again: wanted === "again" } })),
    onSuccess: async (_, wanted) => {
      onClose();
      forget();
      await refresh();
      await navigate({ to: "/markets" as never });
      toasts.tell({
        title: wanted === "again" ? "The story begins anew" : "The desk is empty",
        tone: "good",
      });
    },
    onError: failWhenGone,
  });
  return (
    <div className="flex flex-col gap-3 text-[13px]">
      <p>Nothing here is real money or a real market. Simulated are:</p>
      <ul className="flex list-disc flex-col gap-1 pl-5 text-ink-2">
        <li>all prices and candles: made from a seed, so the same demo shows the same figures;</li>
        <li>
          the ledger: two years of purchases, swaps, staking, transfers and fees of one invented person, with
          a few faults to be found;
        </li>
        <li>the futures account: paper money, here as everywhere in this program.</li>
      </ul>
      <p className="text-ink-2">You are signed in as that person. Everything can be changed and tried.</p>
      {wipe.error !== null && <Failed error={wipe.error} compact />}
      {wish === null ? (
        <div className="flex flex-wrap gap-2">
          <Button look="danger" onClick={() => setWish("empty")}>
            Wipe: begin with an empty desk
          </Button>
          <Button onClick={() => setWish("again")}>Tell the story anew</Button>
        </div>
      ) : (
        <div role="group" aria-label="Confirm" className="flex flex-wrap items-center gap-2">
          <p className="basis-full font-medium">
            {wish === "empty"
              ? "Remove all holdings, transactions, orders, alerts and imports of the demo?"
              : "Remove everything you changed, and write the demo's two years anew?"}
          </p>
          <Button autoFocus look="danger" busy={wipe.isPending} onClick={() => wipe.mutate(wish)}>
            {wish === "empty" ? "Yes, wipe it" : "Yes, begin anew"}
          </Button>
          <Button disabled={wipe.isPending} onClick={() => setWish(null)}>
            Keep it
          </Button>
        </div>
      )}
    </div>
  );
}
