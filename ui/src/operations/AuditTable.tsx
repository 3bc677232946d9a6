/** The audit log, the newest first. Each entry's hash is over it and the one before: a chain that can be checked. */
import { useState, type ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { Badge, type Tone } from "@/components/Badge";
import { Download } from "@/components/Download";
import { Field } from "@/components/Field";
import { PagesOf, usePages } from "@/components/Pages";
import { Panel } from "@/components/Panel";
import { Empty } from "@/components/States";
import { Table, type Column } from "@/components/Table";
import { Time, ZoneNote } from "@/components/Time";
import { useUrlState } from "@/hooks/url-state";
import { EVENTS } from "./events";
import { ChoiceFilter, DayFilter, Filters, PersonFilter, useChoice, useIdOf, useMomentOf } from "./filters";
import { spoken } from "./words";
import { Who } from "./Who";

type Row = Schemas["AuditEntryView"];

export function AuditTable(): ReactNode {
  const event = useChoice("event", EVENTS);
  const userId = useIdOf("user_id");
  const [subject] = useUrlState("subject");
  const from = useMomentOf("from");
  const to = useMomentOf("to", true);
  const filter = {
    ...(event !== undefined && { event }),
    ...(userId !== undefined && { user_id: userId }),
    ...(subject !== "" && { subject }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
  };
  const query = usePages(
    ["operations", "audit", filter],
    (cursor) =>
      answer<Schemas["Page_AuditEntryView_"]>(
        api.GET("/api/v1/regulator/audit", {
          params: { query: { ...filter, limit: 100, ...(cursor && { cursor }) } },
        }) as never,
      ),
    { everyMs: 15_000 },
  );
  return (
    <Panel
      title="Audit log"
      note={<ZoneNote />}
      actions={<Download path="api/v1/regulator/audit" query={filter} />}
    >
      <Filters label="Filter the audit log">
        <ChoiceFilter name="event" label="Event" among={EVENTS} />
        <SubjectFilter />
        <DayFilter name="from" label="From (UTC)" />
        <DayFilter name="to" label="Up to (UTC)" />
        <PersonFilter />
      </Filters>
      <PagesOf
        query={query}
        empty={<Empty title="No entry is like this">Take a filter back to see more of the log.</Empty>}
      >
        {(rows) => (
          <Table label="Audit log" columns={COLUMNS} rows={rows} keyOf={(row) => String(row.sequence)} />
        )}
      </PagesOf>
    </Panel>
  );
}

/** Asked for when it is complete: the service compares exactly. */
function SubjectFilter(): ReactNode {
  const [subject, setSubject] = useUrlState("subject");
  const [text, setText] = useState(subject);
  return (
    <form
      className="w-56 max-sm:w-full"
      onSubmit={(event) => {
        event.preventDefault();
        setSubject(text.trim());
      }}
    >
      <Field
        label="Subject, exactly"
        value={text}
        maxLength={200}
        placeholder="an id, then Enter"
        onChange={(event) => {
          setText(event.target.value);
          if (event.target.value === "") setSubject("");
        }}
        onBlur={() => setSubject(text.trim())}
      />
    </form>
  );
}

const BAD = /failed|locked|reused|disabled|refused|erased/;
const GOVERNING = /^(trading|position|insurance|instrument|price|tier|role|approval|case)/;

function toneOf(event: string): Tone {
  return BAD.test(event) ? "bad" : GOVERNING.test(event) ? "accent" : "neutral";
}

/** Hashes and ids are told apart by their beginning; the whole is shown on hover and is in the download. */
function shortened(value: string): string {
  return value.length > 40 && !value.includes(" ") ? `${value.slice(0, 12)}…` : value;
}

const COLUMNS: readonly Column<Row>[] = [
  { id: "sequence", header: "No.", num: true, cell: (row) => row.sequence },
  { id: "at", header: "When", cell: (row) => <Time at={row.at} to="second" /> },
  {
    id: "event",
    header: "Event",
    cell: (row) => <Badge tone={toneOf(row.event)}>{spoken(row.event)}</Badge>,
  },
  { id: "user", header: "Person", cell: (row) => <Who id={row.user_id} none="the service" /> },
  {
    id: "subject",
    header: "Subject",
    cell: (row) => (
      <span title={row.subject ?? ""} className="block max-w-40 truncate font-mono text-[12px]">
        {row.subject ?? "—"}
      </span>
    ),
  },
  {
    id: "facts",
    header: "Facts",
    cell: (row) => (
      <span className="block max-w-xl min-w-48 break-words text-[12px] text-ink-2">
        {Object.entries(row.facts).map(([name, value], index) => (
          <span key={name} title={String(value)}>
            {index > 0 && " · "}
            {spoken(name).toLowerCase()}: {shortened(String(value))}
          </span>
        ))}
        {Object.keys(row.facts).length === 0 && "—"}
      </span>
    ),
  },
  { id: "address", header: "From address", wide: true, cell: (row) => row.address ?? "—" },
  {
    id: "hash",
    header: "Hash",
    wide: true,
    title: "SHA-256 over this entry and the one before",
    cell: (row) => (
      <code title={row.hash} className="text-[12px] text-ink-3">
        {row.hash.slice(0, 12)}
      </code>
    ),
  },
];
