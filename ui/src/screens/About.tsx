import type { ReactNode } from "react";
import { useService } from "@/access/service";
import { placeOf } from "@/api/place";
import { Badge } from "@/components/Badge";
import { Panel, Screen } from "@/components/Panel";
import { Answered } from "@/components/States";
import { Time, ZoneNote } from "@/components/Time";

const LINK = "text-accent underline underline-offset-2";

const MADE_WITH = [
  ["React, TanStack Query and Router, Radix UI, Tailwind CSS, openapi-fetch", "MIT"],
  ["Lucide icons", "ISC"],
  ["Inter, the typeface", "SIL Open Font License 1.1"],
] as const;

export function About(): ReactNode {
  const service = useService();
  return (
    <Screen title="About">
      <div className="grid gap-3 lg:grid-cols-2">
        <Panel title="This service">
          <Answered query={service} rows={4}>
            {(meta) => (
              <dl className="grid grid-cols-[auto_1fr] gap-x-6 gap-y-1.5 p-3 text-[13px]">
                <dt className="text-ink-2">Version</dt>
                <dd className="tabular-nums">{meta.version}</dd>
                <dt className="text-ink-2">API</dt>
                <dd>{meta.api}</dd>
                <dt className="text-ink-2">Prices</dt>
                <dd>
                  {meta.feed}{" "}
                  {meta.simulated && meta.feed !== "simulated" && <Badge tone="warn">simulated</Badge>}{" "}
                  {meta.demo && <Badge tone="warn">demo</Badge>}
                </dd>
                <dt className="text-ink-2">Its clock, when the page was opened</dt>
                <dd>
                  <Time at={meta.server_time} to="second" /> <ZoneNote prefix="in" />
                </dd>
              </dl>
            )}
          </Answered>
        </Panel>
        <Panel title="For programs">
          <ul className="flex flex-col gap-1.5 p-3 text-[13px]">
            <li>
              <a className={LINK} href={placeOf("docs")}>
                The API, every route with its shapes
              </a>
            </li>
            <li>
              <a className={LINK} href={placeOf("openapi.json")}>
                openapi.json
              </a>
            </li>
            <li>
              <a className={LINK} href={placeOf("api/v1/asyncapi.json")}>
                asyncapi.json, the live channels
              </a>
            </li>
            <li className="text-ink-2">Everything this page shows it asks of these routes.</li>
          </ul>
        </Panel>
        <Panel title="Licences" className="lg:col-span-2">
          <div className="flex flex-col gap-3 p-3 text-[13px]">
            <p>Plimsoll is free software under the Apache License 2.0.</p>
            <p>
              Charts by TradingView Lightweight Charts™, Copyright © TradingView, Inc., Apache-2.0,{" "}
              <a
                className={LINK}
                href="https://www.tradingview.com/"
                rel="noreferrer noopener"
                target="_blank"
              >
                https://www.tradingview.com/
              </a>
            </p>
            <table className="table-plain" aria-label="Made with">
              <thead>
                <tr>
                  <th scope="col">Made with</th>
                  <th scope="col">Licence</th>
                </tr>
              </thead>
              <tbody>
                {MADE_WITH.map(([name, licence]) => (
                  <tr key={name}>
                    <td>{name}</td>
                    <td className="whitespace-nowrap">{licence}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </Panel>
      </div>
    </Screen>
  );
}
