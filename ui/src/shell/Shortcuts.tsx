/** The keys that lead to places, and the sheet that lists every key there is just now. */
import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useMemo, useState, type ReactNode } from "react";
import { Dialog } from "@/components/Dialog";
import { Loading } from "@/components/States";
import { useSession } from "@/hooks/session";
import { useShortcut, useShortcuts, type Shortcut } from "@/hooks/shortcuts";
import { mayGo, PLACES } from "./places";

const ShortcutSheet = lazy(() =>
  import("./ShortcutSheet").then(({ ShortcutSheet: it }) => ({ default: it })),
);

export function Shortcuts(): ReactNode {
  const [open, setOpen] = useState(false);
  const { me } = useSession();
  const navigate = useNavigate();
  const going = useMemo(
    () =>
      PLACES.flatMap(([, places]) => places)
        .filter((place) => place.key !== undefined && mayGo(place, me))
        .map((place): Shortcut => ({
          keys: `g ${place.key}`,
          name: place.name,
          group: "Go to",
          run: () => void navigate({ to: place.to as never }),
        })),
    [me, navigate],
  );
  useShortcuts(going);
  useShortcut("?", "Keyboard shortcuts", () => setOpen(true), "Everywhere");
  return (
    <Dialog open={open} onClose={() => setOpen(false)} title="Keyboard shortcuts" wide>
      <Suspense fallback={<Loading />}>
        <ShortcutSheet />
      </Suspense>
    </Dialog>
  );
}
