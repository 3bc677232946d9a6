/** The newest notifications; opening them is not seeing them, a press is. */
import { Link } from "@tanstack/react-router";
import { Check } from "lucide-react";
import type { ReactNode } from "react";
import { Button, IconButton } from "@/components/Button";
import { Answered, Empty } from "@/components/States";
import { Time, ZoneNote } from "@/components/Time";
import { useMarkSeen, useNewestNotifications, type Notification } from "@/hooks/notifications";

export function Newest({
  open,
  unseen,
  onClose,
}: {
  open: boolean;
  unseen: number;
  onClose: () => void;
}): ReactNode {
  const newest = useNewestNotifications(open);
  const mark = useMarkSeen();
  const told = newest.data?.data.find((each) => each.told);
  return (
    <>
      <div className="flex min-h-10 items-center gap-2 border-b border-line px-3">
        <h2 className="text-[13px] font-semibold">Notifications</h2>
        {unseen > 0 && told !== undefined && (
          <Button
            small
            className="ml-auto"
            busy={mark.isPending}
            icon={<Check aria-hidden className="size-3.5" />}
            onClick={() => mark.mutate({ up_to: told.id })}
          >
            Mark all as seen
          </Button>
        )}
      </div>
      <div className="min-h-0 flex-1 overflow-y-auto">
        <Answered
          query={newest}
          rows={4}
          empty={{
            when: ({ data }) => data.length === 0,
            show: <Empty title="Nothing yet">When one of your alerts fires, it is told here.</Empty>,
          }}
        >
          {({ data }) => (
            <ul>
              {data.map((each) => (
                <Entry key={each.id} told={each} onSeen={() => mark.mutate({ ids: [each.id] })} />
              ))}
            </ul>
          )}
        </Answered>
      </div>
      <div className="flex items-center justify-between gap-2 border-t border-line px-3 py-2">
        <ZoneNote />
        <Link to={"/alerts" as never} onClick={onClose} className="text-[13px] text-accent hover:underline">
          All alerts
        </Link>
      </div>
    </>
  );
}

function Entry({ told, onSeen }: { told: Notification; onSeen: () => void }): ReactNode {
  const fresh = told.seen_at === null && told.told;
  return (
    <li className="flex items-start gap-2 border-b border-line px-3 py-2 text-[13px]">
      <span
        aria-hidden
        className={`mt-1.5 size-2 shrink-0 rounded-full ${fresh ? "bg-accent" : "bg-transparent"}`}
      />
      <div className="min-w-0 flex-1">
        <p className={`break-words ${fresh ? "font-medium" : ""}`}>
          {fresh && <span className="sr-only">Unseen: </span>}
          {told.title}
        </p>
        <p className="text-[12px] break-words text-ink-2">{told.text}</p>
        <p className="text-[12px] text-ink-3">
          <Time at={told.at} />
          {!told.told && " · held back by your quiet hours"}
        </p>
      </div>
      {fresh && (
        <IconButton small label={`Mark “${told.title}” as seen`} onClick={onSeen}>
          <Check aria-hidden className="size-3.5" />
        </IconButton>
      )}
    </li>
  );
}
