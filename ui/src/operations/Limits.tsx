/** What limits there are and how much of them is used; operators set them, with a reason. */
import { useState, type ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { onceAbout } from "@/api/once";
import { Button } from "@/components/Button";
import { AmountField } from "@/components/Field";
import { Panel } from "@/components/Panel";
import { formatMoney, formatShare } from "@/format/amounts";
import { isDecimal, signOf, toFloat } from "@/format/decimal";
import { useManner } from "@/hooks/preferences";
import { Bar, toneOfUse } from "./Bar";
import { ReasonDialog } from "./ReasonDialog";
import { useMayChange } from "./Who";

type InForce = Schemas["OverviewView"]["limits"];

export function Limits({ overview }: { overview: Schemas["OverviewView"] }): ReactNode {
  const { limits } = overview;
  const [open, setOpen] = useState(false);
  const mayChange = useMayChange();
  return (
    <Panel
      title="Exposure against limits"
      actions={
        mayChange && (
          <Button small onClick={() => setOpen(true)}>
            Set limits
          </Button>
        )
      }
    >
      <div className="flex flex-col gap-3 p-3 text-[13px]">
        <Used name="The largest account" limit={limits.account_notional} />
        <Used name="The venue" limit={limits.venue_notional} />
        <p className="flex justify-between gap-2">
          <span>Orders of one account in a second</span>
          <span className="tabular-nums">
            {limits.orders_per_second === 0 ? "no limit" : `at most ${limits.orders_per_second}`}
          </span>
        </p>
      </div>
      {open && <SetLimits limits={limits} onClose={() => setOpen(false)} />}
    </Panel>
  );
}

function Used({ name, limit }: { name: string; limit: InForce["venue_notional"] }): ReactNode {
  const { locale } = useManner();
  const share = limit.share === null ? 0 : toFloat(limit.share);
  return (
    <div>
      <div className="mb-1 flex flex-wrap justify-between gap-x-2">
        <span>{name}</span>
        <span className="tabular-nums">
          {formatMoney(limit.used, "usdt", locale)}
          <span className="text-ink-3">
            {signOf(limit.limit) === 0
              ? " · no limit"
              : ` of ${formatMoney(limit.limit, "usdt", locale)} · ${formatShare(limit.share, { locale })}`}
          </span>
        </span>
      </div>
      {limit.share !== null && <Bar share={share} tone={toneOfUse(share)} />}
    </div>
  );
}

const AMOUNT_FAULT = "A number, 0 or more; 0 means no limit.";

function faultOf(text: string): string | null {
  return isDecimal(text) && signOf(text) >= 0 ? null : AMOUNT_FAULT;
}

function SetLimits({ limits, onClose }: { limits: InForce; onClose: () => void }): ReactNode {
  const [account, setAccount] = useState(limits.account_notional.limit);
  const [venue, setVenue] = useState(limits.venue_notional.limit);
  const [orders, setOrders] = useState(String(limits.orders_per_second));
  const ordersFault = /^\d{1,6}$/.test(orders) ? null : "A whole number, 0 or more; 0 means no limit.";
  return (
    <ReasonDialog
      onClose={onClose}
      act={{
        title: "Set limits",
        description: "They hold for orders that come from now on. 0 means that there is no limit.",
        button: "Set limits",
        done: "Limits are set",
        disabled: faultOf(account) !== null || faultOf(venue) !== null || ordersFault !== null,
        fields: (
          <>
            <AmountField
              label="Most notional of one account"
              unit="USDT"
              value={account}
              fault={faultOf(account)}
              onChange={(event) => setAccount(event.target.value)}
            />
            <AmountField
              label="Most notional of the venue"
              unit="USDT"
              value={venue}
              fault={faultOf(venue)}
              onChange={(event) => setVenue(event.target.value)}
            />
            <AmountField
              label="Orders of one account in a second"
              value={orders}
              fault={ordersFault}
              onChange={(event) => setOrders(event.target.value)}
            />
          </>
        ),
        run: (reason) => {
          const body = {
            account_notional: account,
            venue_notional: venue,
            orders_per_second: Number(orders),
            reason,
          };
          return onceAbout("trading limits", body, (key) =>
            answer(
              api.PUT("/api/v1/trading/limits", { params: { header: { "idempotency-key": key } }, body }),
            ),
          );
        },
      }}
    />
  );
}
