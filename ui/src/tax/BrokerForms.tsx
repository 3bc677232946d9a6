/** What brokers reported on forms 1099-DA of a year: entered here, held against the disposals by a US report. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useMemo, useState, type ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { asProblem } from "@/api/problems";
import { useFindAsset } from "@/components/AssetField";
import { Button } from "@/components/Button";
import { Panel } from "@/components/Panel";
import { Answered, Empty, Failed } from "@/components/States";
import { Time } from "@/components/Time";
import { useToasts } from "@/hooks/toasts";
import { FormRow } from "./FormRow";
import { isFilled, NEW_ROW, readRow, writeRow, type Row } from "./form-rows";
import { useNewestRun } from "./queries";

const FIRST_YEAR = 2025;
const MOST_ROWS = 1000;

export function BrokerForms({ year }: { year: number }): ReactNode {
  const query = useQuery({
    queryKey: ["tax", "broker-forms", year],
    queryFn: () => answer(api.GET("/api/v1/tax/broker-forms/{year}", { params: { path: { year } } })),
    enabled: year >= FIRST_YEAR,
    // What is typed must not be asked for anew beneath it.
    refetchOnWindowFocus: false,
  });
  return (
    <Panel
      title={`Forms 1099-DA of ${year}`}
      note="All rows of the year; a US report says what agrees with them"
    >
      {year < FIRST_YEAR ? (
        <Empty title={`Brokers report from ${FIRST_YEAR} on`}>Choose a later year above.</Empty>
      ) : (
        <Answered query={query} rows={3}>
          {(view) => <Form key={view.year} view={view} />}
        </Answered>
      )}
    </Panel>
  );
}

function Form({ view }: { view: Schemas["FormsView"] }): ReactNode {
  const client = useQueryClient();
  const toasts = useToasts();
  const find = useFindAsset();
  const kept = useMemo(() => view.rows.map(readRow), [view.rows]);
  const [typed, setRows] = useState<readonly Row[] | null>(null);
  const rows = typed ?? kept;
  const { year } = view;
  const save = useMutation({
    mutationFn: (sent: readonly Row[]) =>
      answer(
        api.PUT("/api/v1/tax/broker-forms/{year}", {
          params: { path: { year } },
          body: { rows: sent.map((row) => writeRow(row, find)) },
        }),
      ),
    onSuccess: async (now, sent) => {
      toasts.tell({ title: "Kept", detail: "Compute a report to see what agrees.", tone: "good" });
      client.setQueryData(["tax", "broker-forms", year], now);
      await client.invalidateQueries({ queryKey: ["tax", "broker-forms"] });
      // What was typed while they were on their way is still to be kept.
      setRows((before) => (before === sent ? null : before));
    },
  });
  const faults = save.error === null ? [] : asProblem(save.error).faults;
  const put = (place: number, row: Row): void => setRows(rows.map((each, at) => (at === place ? row : each)));
  return (
    <form
      aria-label="Rows of forms 1099-DA"
      className="flex flex-col gap-3 p-3 text-[13px]"
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate(rows);
      }}
    >
      {rows.length === 0 && (
        <p className="text-ink-2">No rows yet: each is a sale as a broker reported it.</p>
      )}
      {rows.map((row, place) => (
        <FormRow
          key={place}
          number={place + 1}
          year={year}
          row={row}
          faultOf={(name) => faults.find(({ pointer }) => pointer === `#/rows/${place}/${name}`)?.message}
          onChange={(now) => put(place, now)}
          onRemove={() => setRows(rows.filter((_, at) => at !== place))}
        />
      ))}
      {save.error !== null && <Failed error={save.error} compact />}
      <div className="flex flex-wrap items-center gap-2">
        <Button
          icon={<Plus aria-hidden className="size-3.5" />}
          disabled={rows.length >= MOST_ROWS}
          onClick={() => setRows([...rows, NEW_ROW])}
        >
          Add a row
        </Button>
        <Button
          type="submit"
          look="primary"
          busy={save.isPending}
          disabled={typed === null || !rows.every((row) => isFilled(row, year))}
        >
          Keep these rows
        </Button>
        <span className="ml-auto text-[12px] text-ink-3">
          {view.changed_at !== null && (
            <>
              Last changed <Time at={view.changed_at} />.{" "}
            </>
          )}
          <Compared year={year} />
        </span>
      </div>
    </form>
  );
}

/** Where the comparison stands: in a file of the report, and in the boxes of its disposals. */
function Compared({ year }: { year: number }): ReactNode {
  const run = useNewestRun("us", year).data?.data[0];
  if (run === undefined) return "What agrees is in the file 1099-da.csv of a report.";
  return (
    <>
      What agreed is in 1099-da.csv of{" "}
      <Link
        to={"/tax/runs/$runId" as never}
        params={{ runId: run.id } as never}
        search={{ tab: "files" } as never}
        className="text-accent underline decoration-dotted underline-offset-4"
      >
        the newest report
      </Link>
      , computed <Time at={run.created_at} />.
    </>
  );
}
