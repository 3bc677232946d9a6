/** A field for a coin or a currency, said by symbol, name or id, with all there are to choose from. */
import { useCallback, useEffect, useId, useMemo, useState, type ReactNode } from "react";
import { useAssets } from "./Coin";
import { Field, type FieldProps } from "./Field";
import { findAsset, whyNone, writeAsset } from "./find-asset";

/** See {@link findAsset}; undefined when nothing, or more than one thing, is called so. */
export function useFindAsset(): (text: string) => string | undefined {
  const assets = useAssets();
  return useCallback((text) => findAsset(assets, text), [assets]);
}

export type AssetFieldProps = Omit<FieldProps, "list" | "value" | "onChange" | "onFocus" | "onBlur"> & {
  /** An id; or, where the owner keeps it, what was typed. Empty: none yet. */
  value: string;
  /** `id` is empty while what is typed means no asset, or more than one. */
  onChange: (id: string, typed: string) => void;
};

export function AssetField({ value, onChange, fault, ...rest }: AssetFieldProps): ReactNode {
  const list = useId();
  const assets = useAssets();
  /** What was typed, and the asset that it was told as. */
  const [typed, setTyped] = useState<{ readonly text: string; readonly id: string } | null>(null);
  const [inside, setInside] = useState(false);
  const meant = typed === null ? "" : typed.id || (findAsset(assets, typed.text) ?? "");
  // What was typed counts as long as it means the value; else the value was changed from elsewhere.
  const own = typed !== null && [typed.text, typed.id, meant].includes(value);
  const unknown = own && typed.text.trim() !== "" && value === "";
  const tell = (text: string): void => {
    const id = findAsset(assets, text) ?? "";
    setTyped({ text, id });
    onChange(id, text);
  };
  useEffect(() => {
    // Who is quick types before it is known what there is. Of two fields that tell at once an owner may hear one.
    if (!own || typed.id === meant) return;
    if (value === meant) setTyped({ text: typed.text, id: meant });
    else if (value === "") onChange(meant, typed.text);
  });
  const options = useMemo(
    () =>
      [...assets.values()].map(({ id, symbol, name }) => {
        const text = writeAsset(assets, id);
        return (
          <option key={id} value={text}>
            {text === id ? `${symbol.toUpperCase()} · ${name}` : name}
          </option>
        );
      }),
    [assets],
  );
  return (
    <>
      <Field
        spellCheck={false}
        {...rest}
        list={list}
        value={own ? typed.text : writeAsset(assets, value)}
        onChange={(event) => tell(event.target.value)}
        onFocus={() => setInside(true)}
        onBlur={() => {
          setInside(false);
          if (value !== "") setTyped(null);
        }}
        fault={fault ?? (unknown && !inside ? whyNone(assets, typed.text) : undefined)}
      />
      <datalist id={list}>{options}</datalist>
    </>
  );
}
