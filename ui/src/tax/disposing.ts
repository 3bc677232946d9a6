/** Slices of a report, put together to the disposals that they are of. */
import type { Schemas } from "@/api/client";
import { sum } from "@/format/decimal";

export type Slice = Schemas["DisposalView"];

export interface Disposal {
  readonly key: string;
  /** What the slices have in common. */
  readonly head: Slice;
  readonly slices: readonly Slice[];
  readonly quantity: string;
  readonly proceeds: string;
  readonly cost: string;
  readonly gain: string;
}

/** Slices come in the order of the report: those of one disposal follow each other. */
export function disposalsOf(slices: readonly Slice[]): readonly Disposal[] {
  const groups: Slice[][] = [];
  for (const slice of slices) {
    const last = groups.at(-1);
    const [head] = last ?? [];
    if (last !== undefined && head?.transaction_id === slice.transaction_id && head.leg === slice.leg) {
      last.push(slice);
    } else groups.push([slice]);
  }
  return groups.flatMap((group) => {
    const [head] = group;
    if (head === undefined) return [];
    const total = (name: "quantity" | "proceeds" | "cost" | "gain"): string =>
      sum(group.map((each) => each[name]));
    return [
      {
        key: `${head.transaction_id} ${head.leg}`,
        head,
        slices: group,
        quantity: total("quantity"),
        proceeds: total("proceeds"),
        cost: total("cost"),
        gain: total("gain"),
      },
    ];
  });
}
