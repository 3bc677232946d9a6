/** One market as it is now: its terms from the service, its prices, book and trades live. */
import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { formatPrice, formatQuantity, HIDDEN } from "@/format/amounts";
import { useBoard, useTopic } from "@/hooks/live";
import { useManner } from "@/hooks/preferences";
import { Board } from "@/stream/board";
import { placesOf } from "./arithmetic";
import { Book, foldPrints, type Print } from "./book";

export type Instrument = Schemas["InstrumentView"];

/** All that can be traded. */
export function useInstruments(): UseQueryResult<readonly Instrument[]> {
  return useQuery({
    queryKey: ["trading", "instruments"],
    queryFn: async () => {
      const page = await answer(api.GET("/api/v1/instruments", { params: { query: { limit: 100 } } }));
      // Without a format the list is JSON; the other ones are files.
      return (page as Schemas["Page_InstrumentView_"]).data;
    },
    staleTime: 4_000,
    // No channel tells that trading was halted.
    refetchInterval: 5_000,
  });
}

/** Formats a price of any market by its tick. */
export function useTickPrice(): (symbol: string | null, price: string | null | undefined) => string {
  const instruments = useInstruments().data;
  const { locale } = useManner();
  return (symbol, price) => {
    const tick = instruments?.find((each) => each.symbol === symbol)?.tick;
    return formatPrice(price, locale, tick === undefined ? undefined : placesOf(tick));
  };
}

/** Formats a quantity of one's own: hidden in privacy mode. */
export function useOwnQuantity(): (text: string) => string {
  const { locale, privacy } = useManner();
  return (text) => (privacy ? HIDDEN : formatQuantity(text, locale));
}

/** BTC of BTC-PERP: the short name of the base; the other is its id. */
export function shortBase(instrument: Pick<Instrument, "symbol">): string {
  return instrument.symbol.split("-")[0] ?? instrument.symbol;
}

export function shortSettle(instrument: Pick<Instrument, "settle">): string {
  return instrument.settle === "tether" ? "USDT" : instrument.settle.toUpperCase();
}

export interface Mark {
  readonly mark: string | null;
  readonly index: string | null;
  readonly last: string | null;
  readonly funding_rate: string | null;
  readonly next_funding_ms: number | null;
}

/** The prices of a market; null until they are told. */
export function useMark(symbol: string): Mark | null {
  const [board] = useState(() => new Board<Mark>());
  useTopic({ channel: "mark", symbols: [symbol] }, (frame) => board.set(symbol, frame as unknown as Mark));
  return useBoard(board, symbol) ?? null;
}

export interface BookState {
  readonly book: Book;
  /** Another object with every change, so that a frame renders once. */
  readonly version: number;
}

const DEPTH = 50;

export function useBook(symbol: string): BookState | undefined {
  const [board] = useState(() => new Board<BookState>());
  const [book] = useState(() => new Book());
  useEffect(() => () => book.clear(), [book, symbol]);
  useTopic({ channel: "book", symbols: [symbol], depth: DEPTH }, (frame) => {
    book.apply(frame);
    board.set(symbol, { book, version: frame.seq });
  });
  const state = useBoard(board, symbol);
  return state?.book.known === true ? state : undefined;
}

export function usePrints(symbol: string): readonly Print[] | undefined {
  const [board] = useState(() => new Board<readonly Print[]>());
  useTopic({ channel: "trades", symbols: [symbol] }, (frame) =>
    board.set(symbol, foldPrints(board.get(symbol) ?? [], frame)),
  );
  return useBoard(board, symbol);
}
