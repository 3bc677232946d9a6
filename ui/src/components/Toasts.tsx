/** Short messages that pass, with at most one thing to do about them: undo. */
import { X } from "lucide-react";
import { useCallback, useMemo, useRef, useState, type ReactNode } from "react";
import { asProblem } from "@/api/problems";
import { ToastContext, type Toast } from "@/hooks/toasts";
import { Button, IconButton } from "./Button";

interface Shown extends Toast {
  readonly id: number;
}

const LASTS_MS = 8_000;

export function Toasts({ children }: { children: ReactNode }): ReactNode {
  const [shown, setShown] = useState<readonly Shown[]>([]);
  const next = useRef(1);
  const drop = useCallback((id: number) => setShown((all) => all.filter((toast) => toast.id !== id)), []);
  const tell = useCallback(
    (toast: Toast) => {
      const id = next.current++;
      setShown((all) => [...all.slice(-3), { ...toast, id }]);
      setTimeout(() => drop(id), LASTS_MS);
    },
    [drop],
  );
  const toasts = useMemo(
    () => ({
      tell,
      fail: (error: unknown) => {
        const problem = asProblem(error);
        tell({ tone: "bad", title: problem.title, detail: problem.detail || problem.code });
      },
    }),
    [tell],
  );
  return (
    <ToastContext value={toasts}>
      {children}
      <div
        role="region"
        aria-label="Messages"
        // An open dialog hides from screen readers whatever else is there, but not what is live.
        aria-live="polite"
        className="pointer-events-none fixed right-3 bottom-16 z-50 flex w-[min(380px,calc(100vw-24px))] flex-col gap-2 lg:right-auto lg:bottom-3 lg:left-3"
      >
        {shown.map((toast) => (
          <div
            key={toast.id}
            data-message
            aria-atomic
            className={`panel pointer-events-auto flex items-center gap-2 p-3 text-[13px] shadow-lg ${toast.tone === "bad" ? "border-danger!" : ""}`}
          >
            <div className="min-w-0 flex-1">
              <p className={`font-medium ${toast.tone === "bad" ? "text-danger" : ""}`}>{toast.title}</p>
              {toast.detail && <p className="break-words text-ink-2">{toast.detail}</p>}
            </div>
            {toast.action !== undefined && (
              <Button
                small
                onClick={() => {
                  toast.action?.run();
                  drop(toast.id);
                }}
              >
                {toast.action.label}
              </Button>
            )}
            <IconButton small label="Dismiss" onClick={() => drop(toast.id)}>
              <X aria-hidden className="size-3.5" />
            </IconButton>
          </div>
        ))}
      </div>
    </ToastContext>
  );
}
