import { Search, X } from "lucide-react";
import { useState, type ReactNode } from "react";
import { Button, IconButton } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { CheckField, ChoiceField, Field } from "@/components/Field";
import type { Search as Given } from "@/hooks/url-state";
import type { Market } from "./listing";
import { FIRST_LIST, type SavedView, type WatchlistsState } from "./views";

const NEW = "+new";

export interface MarketsFiltersProps {
  markets: readonly Market[];
  search: Given;
  change: (changes: Given) => void;
  lists: WatchlistsState;
}

function choices(all: string, values: Iterable<string>): { value: string; label: string }[] {
  const sorted = [...new Set(values)].sort();
  return [{ value: "", label: all }, ...sorted.map((value) => ({ value, label: value }))];
}

export function MarketsFilters({ markets, search, change, lists }: MarketsFiltersProps): ReactNode {
  const [naming, setNaming] = useState(false);
  const list = search["list"] ?? "";
  const chooseList = (name: string): void => {
    if (name === NEW) setNaming(true);
    else change({ list: name || undefined });
  };
  return (
    <div className="flex flex-wrap items-center gap-2 border-b border-line px-3 py-2">
      <div className="relative w-full sm:w-52">
        <Search aria-hidden className="pointer-events-none absolute top-2 left-2 z-10 size-4 text-ink-3" />
        <Field
          label="Search pairs"
          hideLabel
          type="search"
          placeholder="Search pairs"
          className="pl-8"
          value={search["q"] ?? ""}
          onChange={(event) => change({ q: event.target.value || undefined })}
        />
      </div>
      <ChoiceField
        label="Watchlist"
        hideLabel
        value={list}
        onChange={(event) => chooseList(event.target.value)}
        choices={[
          { value: "", label: "All pairs" },
          ...lists.names.map((name) => ({ value: name, label: `${name} (${lists.keysOf(name).size})` })),
          { value: NEW, label: "New watchlist…" },
        ]}
      />
      {list !== "" && list !== FIRST_LIST && (
        <IconButton
          label={`Delete the watchlist ${list}`}
          onClick={() => {
            lists.remove(list);
            change({ list: undefined });
          }}
        >
          <X aria-hidden className="size-4" />
        </IconButton>
      )}
      <ChoiceField
        label="Quote"
        hideLabel
        value={search["quote"] ?? ""}
        onChange={(event) => change({ quote: event.target.value || undefined })}
        choices={choices(
          "Any quote",
          markets.map(({ quote }) => quote),
        )}
      />
      <ChoiceField
        label="Source"
        hideLabel
        value={search["source"] ?? ""}
        onChange={(event) => change({ source: event.target.value || undefined })}
        choices={choices(
          "Any source",
          markets.map(({ source }) => source),
        )}
      />
      <CheckField
        label="Stale only"
        checked={search["stale"] === "1"}
        onChange={(event) => change({ stale: event.target.checked ? "1" : undefined })}
      />
      <NameDialog
        open={naming}
        title="New watchlist"
        onClose={() => setNaming(false)}
        onName={(name) => {
          lists.add(name);
          change({ list: name });
        }}
      />
    </div>
  );
}

interface NameDialogProps {
  open: boolean;
  title: string;
  onClose: () => void;
  onName: (name: string) => void;
}

function NameDialog({ open, title, onClose, onName }: NameDialogProps): ReactNode {
  const [name, setName] = useState("");
  const close = (): void => {
    setName("");
    onClose();
  };
  return (
    <Dialog open={open} onClose={close} title={title}>
      <form
        className="flex items-end gap-2"
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() !== "") onName(name.trim());
          close();
        }}
      >
        <div className="flex-1">
          <Field
            label="Name"
            value={name}
            maxLength={40}
            autoFocus
            onChange={(event) => setName(event.target.value)}
          />
        </div>
        <Button look="primary" type="submit" disabled={name.trim() === ""}>
          Save
        </Button>
      </form>
    </Dialog>
  );
}

export interface SavedViewsProps {
  views: readonly SavedView[];
  onOpen: (view: SavedView) => void;
  onSave: (name: string) => void;
  onRemove: (name: string) => void;
}

/** Filters and order under a name: one press brings them back. */
export function SavedViews({ views, onOpen, onSave, onRemove }: SavedViewsProps): ReactNode {
  const [naming, setNaming] = useState(false);
  return (
    <div className="flex flex-wrap items-center gap-1.5">
      {views.map((view) => (
        <span key={view.name} className="inline-flex items-center rounded border border-line bg-raised">
          <button
            type="button"
            className="min-h-6 px-2 text-[12px] hover:text-accent"
            onClick={() => onOpen(view)}
          >
            {view.name}
          </button>
          <button
            type="button"
            aria-label={`Delete the view ${view.name}`}
            className="flex min-h-6 items-center pr-1.5 text-ink-3 hover:text-ink"
            onClick={() => onRemove(view.name)}
          >
            <X aria-hidden className="size-3" />
          </button>
        </span>
      ))}
      <Button small onClick={() => setNaming(true)}>
        Save view
      </Button>
      <NameDialog open={naming} title="Save this view" onClose={() => setNaming(false)} onName={onSave} />
    </div>
  );
}
