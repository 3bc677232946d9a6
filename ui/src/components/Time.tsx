import { useEffect, useState, type ReactNode } from "react";
import { formatAge, formatKnownDay, formatMinute, formatSecond, nameOfZone } from "@/format/times";
import { useZone } from "@/hooks/preferences";
import { live } from "@/stream/browser";

/** A moment in the reader's zone; hovering shows it in UTC. */
export function Time({
  at,
  to = "minute",
}: {
  at: string | number;
  to?: "day" | "minute" | "second";
}): ReactNode {
  const zone = useZone();
  const show = { day: formatKnownDay, minute: formatMinute, second: formatSecond }[to];
  const iso = new Date(at).toISOString();
  return (
    <time dateTime={iso} title={iso} className="whitespace-nowrap tabular-nums">
      {show(at, zone)}
    </time>
  );
}

/** Names the zone of a table or an axis. */
export function ZoneNote({ prefix = "Times in" }: { prefix?: string }): ReactNode {
  const zone = useZone();
  const short = nameOfZone(zone);
  return (
    <span className="text-[12px] text-ink-3">
      {prefix} {zone.name === short ? short : `${zone.name} (${short})`}
    </span>
  );
}

/** Now by the clock of the service: that of the computer may be wrong, and then old things would look new. */
const serverNow = (): number => Date.now() + live.skewMs;

/** How old something is, kept true; `ago` says it as a moment: "3 s ago", "just now". */
export function Age({
  at,
  everyMs = 1000,
  ago = false,
}: {
  at: string | number;
  everyMs?: number;
  ago?: boolean;
}): ReactNode {
  const [now, setNow] = useState(serverNow);
  useEffect(() => {
    const timer = setInterval(() => setNow(serverNow()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  const age = formatAge(now - new Date(at).getTime());
  const said = ago ? (age === "now" ? "just now" : `${age} ago`) : age;
  return <span className="tabular-nums whitespace-nowrap">{said}</span>;
}
