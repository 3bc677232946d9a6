/** What the ledger asks and tells the service. All keys begin with "ledger". */
import { useQuery, useQueryClient, type UseQueryResult } from "@tanstack/react-query";
import { useCallback } from "react";
import { answer, api, newKey, type Schemas } from "@/api/client";
import { asProblem } from "@/api/problems";
import { usePages } from "@/components/Pages";
import { bodyAgain, type Body, type Transaction } from "./entry";
import type { Kind } from "./kinds";

export type Proposal = Schemas["ProposalView"];
export type Valuation = Schemas["ValuationView"];

export interface Filter {
  readonly kind?: Kind[];
  readonly coin_id?: string;
  readonly wallet_id?: string;
  readonly from?: string;
  readonly to?: string;
}

export function useTransactions(filter: Filter) {
  return usePages(["ledger", "transactions", filter], (cursor) =>
    answer(
      api.GET("/api/v1/transactions", {
        params: { query: { ...filter, limit: 100, ...(cursor === undefined ? {} : { cursor }) } },
      }),
    ),
  );
}

export function useTransaction(id: string): UseQueryResult<Transaction> {
  return useQuery({
    queryKey: ["ledger", "transaction", id],
    queryFn: () =>
      answer(api.GET("/api/v1/transactions/{transaction_id}", { params: { path: { transaction_id: id } } })),
    enabled: id !== "",
  });
}

/** The books have changed: everything made from them is asked for again. */
export function useBooksChanged(): () => Promise<void> {
  const client = useQueryClient();
  return useCallback(async () => {
    await Promise.all(
      ["ledger", "portfolio", "imports", "tax"].map((slice) =>
        client.invalidateQueries({ queryKey: [slice] }),
      ),
    );
  }, [client]);
}

const once = (): { header: { "idempotency-key": string } } => ({ header: { "idempotency-key": newKey() } });

/** `key`: one press of a button; sent again, it is still done once. */
export function record(body: Body, key: string = newKey()): Promise<Transaction> {
  return answer(api.POST("/api/v1/transactions", { body, params: { header: { "idempotency-key": key } } }));
}

export function takeOut(id: string, note: string, key: string = newKey()): Promise<Transaction> {
  return answer(
    api.POST("/api/v1/transactions/{transaction_id}/void", {
      params: { path: { transaction_id: id }, header: { "idempotency-key": key } },
      body: { note },
    }),
  );
}

/**
 * A transaction in place of another. The new one comes first, so that what was sold later never lacks it; where the
 * old one stands in its way it is voided before, and is recorded again should the new one be refused.
 *
 * Without an answer nothing is taken back, for it may have been done: the same `key` again goes on where it was.
 */
export async function replace(old: Transaction, body: Body, key: string = newKey()): Promise<Transaction> {
  const takeOldOut = (): Promise<Transaction> => takeOut(old.id, "corrected", `${key}-out`);
  let made: Transaction;
  try {
    made = await record(body, key);
  } catch (error) {
    const { code } = asProblem(error);
    if (code !== "not-enough-held" && code !== "already-recorded") throw error;
    await takeOldOut();
    try {
      return await record(body, key);
    } catch (refused) {
      if (!asProblem(refused).passing) await record(bodyAgain(old));
      throw refused;
    }
  }
  try {
    await takeOldOut();
  } catch (refused) {
    if (!asProblem(refused).passing) await takeOut(made.id, "the correction was refused");
    throw refused;
  }
  return made;
}

export function addWallet(name: string): Promise<Schemas["plimsoll__ledger__schemas__ledger__WalletView"]> {
  return answer(api.POST("/api/v1/wallets", { body: { name }, params: once() }));
}

export function useProposals() {
  return usePages(["ledger", "proposals"], (cursor) =>
    answer(
      api.GET("/api/v1/transfers/proposals", {
        params: { query: { limit: 100, ...(cursor === undefined ? {} : { cursor }) } },
      }),
    ),
  );
}

export function confirmProposal(proposal: Proposal): Promise<Transaction> {
  return answer(
    api.POST("/api/v1/transfers/proposals/{withdrawal_id}/{deposit_id}/confirm", {
      params: { path: pathOf(proposal), ...once() },
    }),
  );
}

export function rejectProposal(proposal: Proposal): Promise<Schemas["RejectedView"]> {
  return answer(
    api.POST("/api/v1/transfers/proposals/{withdrawal_id}/{deposit_id}/reject", {
      params: { path: pathOf(proposal) },
    }),
  );
}

function pathOf(proposal: Proposal): { withdrawal_id: string; deposit_id: string } {
  return {
    withdrawal_id: proposal.withdrawal.transaction_id,
    deposit_id: proposal.deposit.transaction_id,
  };
}

export function useValuations(coinId: string) {
  return usePages(["ledger", "valuations", coinId], (cursor) =>
    answer(
      api.GET("/api/v1/valuations", {
        params: {
          query: {
            limit: 100,
            ...(coinId === "" ? {} : { coin_id: coinId }),
            ...(cursor === undefined ? {} : { cursor }),
          },
        },
      }),
    ),
  );
}

export function saveValuation(body: Schemas["ValuationBody"]): Promise<Valuation> {
  return answer(api.PUT("/api/v1/valuations", { body }));
}

export function dropValuation({ coin_id, day, currency }: Valuation): Promise<unknown> {
  return answer(api.DELETE("/api/v1/valuations", { params: { query: { coin_id, day, currency } } }));
}
