/** How the service is, what is wrong first. */
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { Badge, type Tone } from "@/components/Badge";
import { Panel } from "@/components/Panel";
import { Answered } from "@/components/States";
import { Age, Time, ZoneNote } from "@/components/Time";
import { ENGINE_SAID, ENGINE_TONES, spoken } from "./words";

interface Part {
  readonly name: string;
  readonly state: string;
  readonly tone: Tone;
  readonly said: string;
}

/** What it means when /health names a part as degraded; and when it does not. */
const PARTS: Readonly<Record<string, readonly [string, string]>> = {
  prices: [
    "Prices come in.",
    "No price has come for longer than one stays fresh. Look at the sources below.",
  ],
  limits: [
    "Limits are counted as they should be.",
    "The shared count of limits is away; each process counts alone.",
  ],
  disk: [
    "The disk of the data has room.",
    "The disk of the data is nearly full. Make room or move the data.",
  ],
  backup: [
    "Nothing is wrong with backups, as far as they are set up.",
    "There is no backup, or the last one is twice as old as it should be. See the log for why.",
  ],
};

const RANK: readonly Tone[] = ["bad", "warn", "neutral", "accent", "good"];

function partsOf(health: Schemas["HealthView"]): readonly Part[] {
  const names = new Set([...Object.keys(PARTS), ...health.degraded]);
  const parts: Part[] = [...names].map((name) => {
    const degraded = health.degraded.includes(name);
    const [well, ill] = PARTS[name] ?? ["", "The service works on without it; its log says more."];
    return {
      name: spoken(name),
      state: degraded ? "degraded" : "well",
      tone: degraded ? "warn" : "good",
      said: degraded ? ill : well,
    };
  });
  const ready = health.status === "ready";
  parts.push({
    name: "Database",
    state: ready ? "well" : "away",
    tone: ready ? "good" : "bad",
    said: ready
      ? "PostgreSQL takes writes."
      : "PostgreSQL takes no writes; nothing can be changed until it does.",
  });
  return parts.sort((a, b) => RANK.indexOf(a.tone) - RANK.indexOf(b.tone));
}

/** An unready service answers 503 with the same body: that is an answer, not a failure. */
async function readHealth(): Promise<Schemas["HealthView"]> {
  const asked = api.GET("/health/ready") as Promise<{ data?: unknown; error?: unknown; response: Response }>;
  return answer<Schemas["HealthView"]>(
    asked.then(({ data, error, response }) => {
      const said = data ?? error;
      const known = typeof said === "object" && said !== null && "degraded" in said;
      const told = { data: said as Schemas["HealthView"], error };
      return known ? { ...told, response: new Response() } : { ...told, response };
    }),
  );
}

export function HealthParts(): ReactNode {
  const query = useQuery({ queryKey: ["operations", "health"], queryFn: readHealth, refetchInterval: 5_000 });
  return (
    <Panel
      title="Parts"
      note={
        query.dataUpdatedAt > 0 && (
          <>
            looked at <Age at={query.dataUpdatedAt} ago />
          </>
        )
      }
      actions={
        query.data !== undefined && (
          <>
            <Badge tone={query.data.feed === "live" ? "good" : "neutral"}>{query.data.feed} prices</Badge>
            <Badge tone={query.data.status === "ready" ? "good" : "bad"}>{query.data.status}</Badge>
          </>
        )
      }
    >
      <Answered query={query} rows={5}>
        {(health) => (
          <ul className="text-[13px]">
            {partsOf(health).map((part) => (
              <li
                key={part.name}
                className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-3 py-2 last:border-b-0"
              >
                <span className="w-20 font-medium">{part.name}</span>
                <Badge tone={part.tone}>{part.state}</Badge>
                <span className="min-w-0 text-ink-2">{part.said}</span>
              </li>
            ))}
          </ul>
        )}
      </Answered>
    </Panel>
  );
}

/** Which version answers, and what it makes of prices; nothing while that is not known. */
export function Version(): ReactNode {
  const { data } = useQuery({
    queryKey: ["meta"],
    queryFn: () => answer(api.GET("/api/v1/meta")),
    staleTime: Infinity,
  });
  if (data === undefined) return "What is wrong stands first";
  return `Version ${data.version}, API ${data.api}`;
}

export function Engine(): ReactNode {
  const query = useQuery({
    queryKey: ["operations", "engine"],
    queryFn: () => answer(api.GET("/api/v1/trading/engine")),
    refetchInterval: 5_000,
  });
  return (
    <Panel title="Paper exchange" note={<ZoneNote />}>
      <Answered query={query} rows={5}>
        {(engine) => (
          <>
            <p className="flex flex-wrap items-center gap-2 px-3 py-2 text-[13px]">
              <Badge tone={ENGINE_TONES[engine.state]}>{engine.state}</Badge>
              <span className="text-ink-2">{ENGINE_SAID[engine.state]}</span>
            </p>
            <dl className="grid grid-cols-2 gap-x-4 gap-y-2 border-t border-line p-3 text-[13px]">
              {factsOf(engine).map(([name, value]) => (
                <div key={name}>
                  <dt className="text-[12px] text-ink-3">{name}</dt>
                  <dd className="tabular-nums">{value}</dd>
                </div>
              ))}
            </dl>
          </>
        )}
      </Answered>
    </Panel>
  );
}

function factsOf(engine: Schemas["EngineView"]): readonly (readonly [string, ReactNode])[] {
  const { journal } = engine;
  return [
    ["Commands in the journal", journal.seq],
    ["Commands waiting", engine.waiting],
    ["Epoch of the writer", journal.epoch],
    ["Writer since", <Time at={journal.writer_since} />],
    [
      "Last snapshot",
      journal.snapshot_at === null ? (
        "none yet"
      ) : (
        <>
          <Time at={journal.snapshot_at} /> (command {journal.snapshot_seq})
        </>
      ),
    ],
    ["Markets", `${engine.instruments} listed, ${engine.awake.length} follow their index`],
  ];
}
