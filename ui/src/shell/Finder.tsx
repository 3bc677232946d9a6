/** What the palette shows: one field, and below it what was found. */
import { CornerDownLeft, Search } from "lucide-react";
import { Dialog } from "radix-ui";
import { useEffect, useId, useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { Keys } from "@/components/Keys";
import { useOffers, type Offer } from "./offers";

export function Finder({ onClose }: { onClose: () => void }): ReactNode {
  const id = useId();
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const { groups, searching, failed } = useOffers(text);
  const flat = useMemo(() => groups.flatMap((group) => group.offers), [groups]);
  const chosen = Math.min(at, flat.length - 1);
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [chosen, flat]);
  const take = (offer: Offer | undefined): void => {
    if (offer === undefined) return;
    onClose();
    offer.run();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 };
    const step = steps[event.key];
    if (step !== undefined && flat.length > 0) {
      event.preventDefault();
      const around = Math.abs(step) === 1 ? (chosen + step + flat.length) % flat.length : chosen + step;
      setAt(Math.max(0, Math.min(flat.length - 1, around)));
    } else if (event.key === "Enter" && !event.nativeEvent.isComposing) {
      event.preventDefault();
      take(flat[chosen]);
    }
  };
  return (
    <>
      <div className="flex items-center gap-2 border-b border-line px-3">
        <Search aria-hidden className="size-4 text-ink-3" />
        <input
          autoFocus
          role="combobox"
          aria-label="Search or go to"
          aria-expanded={flat.length > 0}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          {...(flat[chosen] === undefined ? {} : { "aria-activedescendant": `${id}-${chosen}` })}
          autoComplete="off"
          spellCheck={false}
          placeholder="A place, a market, an action…"
          className="min-h-11 min-w-0 flex-1 bg-transparent text-[15px] text-ink outline-none placeholder:text-ink-3"
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setAt(0);
          }}
          onKeyDown={onKeyDown}
        />
        <Dialog.Close className="rounded border border-line bg-raised px-1.5 text-[11.5px] text-ink-2">
          Esc
        </Dialog.Close>
      </div>
      <div
        ref={list}
        id={`${id}-list`}
        role="listbox"
        aria-label="Found"
        className="min-h-0 overflow-y-auto py-1"
      >
        {groups.map((group) => (
          <div key={group.name} role="group" aria-label={group.name}>
            <p
              aria-hidden
              className="px-3 pt-2 pb-1 text-[11px] font-medium tracking-wide text-ink-3 uppercase"
            >
              {group.name}
            </p>
            {group.offers.map((offer) => {
              const place = flat.indexOf(offer);
              return (
                <Row
                  key={offer.id}
                  id={`${id}-${place}`}
                  offer={offer}
                  chosen={place === chosen}
                  onPoint={() => setAt(place)}
                  onTake={() => take(offer)}
                />
              );
            })}
          </div>
        ))}
      </div>
      <p role="status" className="border-t border-line px-3 py-1.5 text-[12px] text-ink-3">
        {failed
          ? "Markets could not be searched: the service did not answer."
          : flat.length > 0
            ? "↑ ↓ to choose, Enter to open"
            : searching
              ? "Searching…"
              : `Nothing is called “${text}”.`}
      </p>
    </>
  );
}

function Row({
  id,
  offer,
  chosen,
  onPoint,
  onTake,
}: {
  id: string;
  offer: Offer;
  chosen: boolean;
  onPoint: () => void;
  onTake: () => void;
}): ReactNode {
  return (
    <div
      id={id}
      role="option"
      aria-selected={chosen}
      onPointerMove={onPoint}
      onClick={onTake}
      className={`flex min-h-8 cursor-pointer items-center gap-2.5 border-l-2 px-3 py-1 text-[13px] ${chosen ? "border-accent bg-raised" : "border-transparent"}`}
    >
      <offer.icon aria-hidden className="size-4 shrink-0 text-ink-3" />
      <span className="min-w-0 truncate">{offer.name}</span>
      {offer.note !== undefined && <span className="truncate text-[12px] text-ink-3">{offer.note}</span>}
      <span className="ml-auto flex items-center gap-2">
        {offer.keys !== undefined && <Keys keys={offer.keys} />}
        {chosen && <CornerDownLeft aria-hidden className="size-3.5 text-ink-3" />}
      </span>
    </div>
  );
}
