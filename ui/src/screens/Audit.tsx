import type { ReactNode } from "react";
import { Screen } from "@/components/Panel";
import { AuditTable } from "@/operations/AuditTable";

export function Audit(): ReactNode {
  return (
    <Screen
      title="Audit"
      note={
        <>
          Entries are chained by their hashes; <code>plimsoll audit verify</code> checks the chain
        </>
      }
    >
      <AuditTable />
    </Screen>
  );
}
