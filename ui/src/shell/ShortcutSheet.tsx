/** Every key there is just now, by what registered it. */
import type { ReactNode } from "react";
import { CheckField } from "@/components/Field";
import { Keys } from "@/components/Keys";
import { isBoolean, PLAIN_KEYS, useRegistered } from "@/hooks/shortcuts";
import { useStored } from "@/hooks/stored";

const GROUPS = ["This screen", "Go to", "Everywhere"];

export function ShortcutSheet(): ReactNode {
  const registered = useRegistered();
  const [plain, setPlain] = useStored(PLAIN_KEYS, true, isBoolean);
  const own = [...new Set(registered.map((each) => each.group))].filter((name) => !GROUPS.includes(name));
  const groups = [...own, ...GROUPS].map(
    (name) => [name, registered.filter((each) => each.group === name)] as const,
  );
  return (
    <div className="flex flex-col gap-4">
      <div className="grid gap-x-8 gap-y-4 sm:grid-cols-2">
        {groups
          .filter(([, shortcuts]) => shortcuts.length > 0)
          .map(([name, shortcuts]) => (
            <section key={name} className="min-w-0">
              <h3 className="border-b border-line pb-1 text-[12px] font-medium text-ink-2">{name}</h3>
              <dl className="text-[13px]">
                {shortcuts.map((shortcut) => (
                  <div
                    key={shortcut.keys}
                    className="flex items-center justify-between gap-3 border-b border-line py-1"
                  >
                    <dt className="min-w-0">{shortcut.name}</dt>
                    <dd>
                      <Keys keys={shortcut.keys} />
                    </dd>
                  </div>
                ))}
              </dl>
            </section>
          ))}
      </div>
      <CheckField
        label="Keys without Ctrl or Cmd count (switch off when you dictate)"
        checked={plain}
        onChange={(event) => setPlain(event.target.checked)}
      />
    </div>
  );
}
