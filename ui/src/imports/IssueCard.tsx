/** One doubt: its cause with the numbers, what it is about, and what would settle it. */
import { Link } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { Coin } from "@/components/Coin";
import { Time } from "@/components/Time";
import { TransactionLink } from "@/components/TransactionLink";
import { WalletName } from "@/components/Wallet";
import { formatQuantity, placesOfPrice } from "@/format/amounts";
import { formatMinute } from "@/format/times";
import { useManner, useZone } from "@/hooks/preferences";
import { KINDS, SEVERITIES, type Fix, type Issue } from "./doubts";
import { FixDialog } from "./FixDialog";
import { DismissDialog, useReopen } from "./Dismissing";
import { linesOf } from "./words";

const MOST_LINKS = 6;

/** Dismissals have a form of their own, with any reason. */
function isDismissal(fix: Fix): boolean {
  return fix.path.endsWith("/dismiss");
}

/** A sentence of the service, with its moments in the reader's zone and no more places than a price has. */
function useReadable(sentence: string): string {
  const zone = useZone();
  const { locale } = useManner();
  const said = sentence
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (at) => formatMinute(at, zone))
    .replace(/\d+\.\d{9,}/g, (amount) => formatQuantity(amount, locale, placesOfPrice(amount)));
  return said.charAt(0).toUpperCase() + said.slice(1);
}

export function IssueCard({ issue }: { issue: Issue }): ReactNode {
  const [fix, setFix] = useState<Fix | null>(null);
  const [dismissing, setDismissing] = useState(false);
  const reopen = useReopen();
  const cause = useReadable(issue.cause);
  const fixes = issue.fixes.filter((each) => !isDismissal(each));
  const open = issue.state === "open";
  return (
    <li className="flex flex-col gap-1.5 px-3 py-3 text-[13px]" data-kind={issue.kind}>
      <div className="flex flex-wrap items-center gap-2">
        <Badge tone={SEVERITIES[issue.severity]}>{issue.severity}</Badge>
        <span className="font-medium" title={KINDS[issue.kind][1]}>
          {KINDS[issue.kind][0]}
        </span>
        <Coin id={issue.coin_id} full />
        {issue.wallet_id !== null && (
          <span className="text-ink-2">
            in <WalletName id={issue.wallet_id} />
          </span>
        )}
        <span className="text-[12px] text-ink-3">
          since <Time at={issue.since} />
        </span>
        {!open && <Badge>dismissed</Badge>}
      </div>
      <p className="max-w-[100ch] break-words">{cause}</p>
      <About issue={issue} />
      {issue.note !== null && issue.note !== "" && (
        <p className="text-ink-2">
          Dismissed{" "}
          {issue.dismissed_at !== null && (
            <>
              <Time at={issue.dismissed_at} />
            </>
          )}
          : {issue.note}
        </p>
      )}
      <div className="flex flex-wrap gap-2 pt-0.5">
        {open &&
          fixes.map((each, place) => (
            <Button
              key={each.path + each.title}
              small
              look={place === 0 && !each.path.endsWith("/void") ? "primary" : "plain"}
              onClick={() => setFix(each)}
            >
              {titleOf(each)}
            </Button>
          ))}
        {open && (
          <Button small onClick={() => setDismissing(true)}>
            Dismiss…
          </Button>
        )}
        {!open && (
          <Button small busy={reopen.isPending} onClick={() => reopen.mutate(issue.id)}>
            Reopen
          </Button>
        )}
      </div>
      {fix !== null && (
        <FixDialog issue={issue} fix={fix} title={titleOf(fix)} onClose={() => setFix(null)} />
      )}
      {dismissing && (
        <DismissDialog
          issue={issue}
          reasons={issue.fixes.filter(isDismissal).map((each) => String(each.body?.["note"] ?? ""))}
          onClose={() => setDismissing(false)}
        />
      )}
    </li>
  );
}

/** Ids are long; the last of it is what the links beside it show too. */
function titleOf(fix: Fix): string {
  return fix.title.replace(/^Void ([0-9a-f-]{36})$/, (_, id: string) => `Void …${id.slice(-6)}`);
}

function About({ issue }: { issue: Issue }): ReactNode {
  const shown = issue.transaction_ids.slice(0, MOST_LINKS);
  const others = issue.transactions - shown.length;
  return (
    <p className="flex flex-wrap gap-x-4 gap-y-1 text-[12px] text-ink-2">
      {shown.length > 0 && (
        <span className="flex flex-wrap gap-x-2">
          {issue.transactions === 1 ? "Transaction" : "Transactions"}
          {shown.map((id) => (
            <TransactionLink key={id} id={id} />
          ))}
          {others > 0 && <span>and {others} more</span>}
        </span>
      )}
      {issue.rows.map((rows) => (
        <Link
          key={rows.import_id}
          to={"/imports/$importId" as never}
          params={{ importId: rows.import_id } as never}
          className="text-accent underline decoration-dotted underline-offset-4"
        >
          {linesOf(rows.lines)} of the import
        </Link>
      ))}
    </p>
  );
}
