import { Link, useParams } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Screen } from "@/components/Panel";
import { Answered } from "@/components/States";
import { Time } from "@/components/Time";
import { Decision } from "@/imports/Decision";
import { Names } from "@/imports/Names";
import { Rows } from "@/imports/Rows";
import { Understood } from "@/imports/Understood";
import { useImport } from "@/imports/use-import";
import { isOpen } from "@/imports/words";

export function Import(): ReactNode {
  const { importId = "" } = useParams({ strict: false }) as { importId?: string };
  const query = useImport(importId);
  const view = query.data;
  return (
    <Screen
      title={view?.name ?? "Import"}
      note={
        view !== undefined &&
        view.first !== null &&
        view.last !== null && (
          <>
            from <Time at={view.first} to="day" /> to <Time at={view.last} to="day" />
          </>
        )
      }
      actions={
        <Link to={"/imports" as never} className="text-[13px] text-accent hover:underline">
          All imports
        </Link>
      }
    >
      <Answered query={query}>
        {(found) => (
          <>
            <Decision view={found} />
            {(isOpen(found.state) || found.styles !== null) && <Understood view={found} />}
            {found.state === "preview" && <Names key={found.job_id} view={found} />}
            {found.rows !== null && found.state !== "discarded" && <Rows view={found} />}
          </>
        )}
      </Answered>
    </Screen>
  );
}
