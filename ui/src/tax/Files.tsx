/** What can be downloaded of a report: made when it is first asked for, then always the same. */
import { Download as Icon } from "lucide-react";
import type { ReactNode } from "react";
import { Badge } from "@/components/Badge";
import { Panel } from "@/components/Panel";
import { addressOf, type RunDetail } from "./words";

export function Files({ run }: { run: RunDetail }): ReactNode {
  return (
    <Panel
      title="Files"
      note={run.draft ? "Marked as a draft while something is missing" : "Always the same, to the byte"}
    >
      <ul className="divide-y divide-line">
        {run.files.map((file) => (
          <li key={file.name}>
            <a
              href={addressOf(file.link)}
              download={file.name}
              className="flex flex-wrap items-center gap-x-3 gap-y-1 px-3 py-2 text-[13px] hover:bg-raised"
            >
              <Icon aria-hidden className="size-4 shrink-0 text-accent" />
              <span className="font-medium">{file.title}</span>
              <span className="text-[12px] break-all text-ink-2">{file.name}</span>
              <span className="ml-auto">
                <Badge>{file.name.split(".").at(-1)?.toUpperCase()}</Badge>
              </span>
            </a>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
