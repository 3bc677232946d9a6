import { ArrowDown, ArrowUp } from "lucide-react";
import type { ReactNode } from "react";

export interface Column<T> {
  readonly id: string;
  readonly header: ReactNode;
  readonly cell: (row: T) => ReactNode;
  readonly num?: boolean;
  /** The name by which the list can be sorted; without one it cannot. */
  readonly sort?: string;
  readonly title?: string;
  /** Left out where there is little room. */
  readonly wide?: boolean;
}

export interface Sorting {
  readonly by: string;
  readonly descending: boolean;
  change(by: string, descending: boolean): void;
}

/** A table for up to some hundred rows; wider than the screen it scrolls inside its own frame. */
export function Table<T>({
  label,
  columns,
  rows,
  keyOf,
  sorting,
  onRow,
  dim,
}: {
  label: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  keyOf: (row: T) => string;
  sorting?: Sorting;
  onRow?: (row: T) => void;
  /** Rows whose figures are from before. */
  dim?: (row: T) => boolean;
}): ReactNode {
  return (
    <div className="relative overflow-x-auto" role="region" aria-label={label} tabIndex={0}>
      <table className="table-plain" aria-label={label}>
        <thead>
          <tr>
            {columns.map((column) => (
              <Head key={column.id} column={column} sorting={sorting} />
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr
              key={keyOf(row)}
              className={`${dim?.(row) ? "stale" : ""} ${onRow === undefined ? "" : "cursor-pointer"}`}
              onClick={onRow === undefined ? undefined : () => onRow(row)}
            >
              {columns.map((column) => (
                <td
                  key={column.id}
                  className={`${column.num ? "num" : ""} ${column.wide ? "max-md:hidden" : ""}`}
                >
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Head<T>({ column, sorting }: { column: Column<T>; sorting: Sorting | undefined }): ReactNode {
  const look = `${column.num ? "num" : ""} ${column.wide ? "max-md:hidden" : ""}`;
  const { sort } = column;
  if (sorting === undefined || sort === undefined) {
    return (
      <th scope="col" className={look} title={column.title}>
        {column.header}
      </th>
    );
  }
  const active = sorting.by === sort;
  const Arrow = sorting.descending ? ArrowDown : ArrowUp;
  return (
    <th
      scope="col"
      className={look}
      title={column.title}
      aria-sort={active ? (sorting.descending ? "descending" : "ascending") : "none"}
    >
      <button
        type="button"
        className="inline-flex items-center gap-1 hover:text-ink"
        onClick={() => sorting.change(sort, active ? !sorting.descending : true)}
      >
        {column.header}
        {active && <Arrow aria-hidden className="size-3" />}
      </button>
    </th>
  );
}
