/** The buttons of the ticket that put in a share of the means, or of a position. */
import { multiply } from "@/format/decimal";
import { quantityForShare, shareOf } from "./arithmetic";
import type { Instrument } from "./market";
import { takesPrice, type Draft } from "./ticket";
import type { Account } from "./use-own";

/** Without a limit it fills on the other side of the spread and deeper: a little is left for that. */
const ROOM = "1.001";

interface ShareTerms {
  readonly instrument: Instrument;
  readonly draft: Draft;
  readonly account: Account | undefined;
  readonly position: { readonly quantity: string } | undefined;
  readonly leverage: number;
  readonly now: string | null;
}

/** What a share of the means buys; null where it cannot be said. */
export function shareFor(percent: string, terms: ShareTerms): string | null {
  const { instrument, draft, account, position, leverage } = terms;
  if (draft.reduce_only)
    return position === undefined ? null : shareOf(position.quantity, percent, instrument.step);
  const typed = takesPrice(draft.type) && /^\d+(\.\d+)?$/.test(draft.price) ? draft.price : null;
  const price = typed ?? (terms.now === null ? null : multiply(terms.now, ROOM));
  if (account === undefined || price === null) return null;
  const free = (asset: string): string => account.balances.find((each) => each.asset === asset)?.free ?? "0";
  const spot = instrument.kind === "spot";
  if (spot && draft.side === "sell") return shareOf(free(instrument.base), percent, instrument.step);
  const fees = instrument.fees.find((each) => each.tier === account.tier) ?? instrument.fees[0];
  return quantityForShare({
    percent,
    available: spot ? free(instrument.settle) : account.available,
    leverage: spot ? 1 : leverage,
    fee: fees?.taker ?? "0",
    price,
    step: instrument.step,
  });
}
