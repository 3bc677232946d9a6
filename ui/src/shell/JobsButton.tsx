import { ListChecks } from "lucide-react";
import { lazy, Suspense, useState, type ReactNode } from "react";
import { IconButton } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { Loading } from "@/components/States";
import { isOver, useJobs } from "@/hooks/jobs";
import { useShortcut } from "@/hooks/shortcuts";

const JobsDrawer = lazy(() => import("./JobsDrawer").then(({ JobsDrawer: it }) => ({ default: it })));

/** Work in the background: how much of it there is, and a drawer that shows it. */
export function JobsButton(): ReactNode {
  const [open, setOpen] = useState(false);
  const jobs = useJobs();
  const active = jobs.data?.data.filter((job) => !isOver(job)).length ?? 0;
  useShortcut("shift+j", "Jobs that are running", () => setOpen(true), "Everywhere");
  return (
    <>
      <IconButton
        label={active === 0 ? "Jobs" : `Jobs, ${active} running`}
        className="relative max-sm:hidden!"
        onClick={() => setOpen(true)}
      >
        <ListChecks aria-hidden className="size-4" />
        {active > 0 && <Count value={active} />}
      </IconButton>
      <Dialog open={open} onClose={() => setOpen(false)} title="Jobs" side>
        <Suspense fallback={<Loading rows={4} />}>
          <JobsDrawer jobs={jobs} onClose={() => setOpen(false)} />
        </Suspense>
      </Dialog>
    </>
  );
}

export function Count({ value }: { value: number }): ReactNode {
  return (
    <span
      aria-hidden
      className="absolute -top-0.5 -right-0.5 min-w-4 rounded-full bg-accent px-1 text-center text-[10.5px] leading-4 font-semibold text-accent-ink tabular-nums"
    >
      {value > 99 ? "99+" : value}
    </span>
  );
}
