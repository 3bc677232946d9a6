import { Link, useParams } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Screen } from "@/components/Panel";
import { CaseDetail } from "@/operations/CaseDetail";

export function Case(): ReactNode {
  const { caseId = "" }: { caseId?: string } = useParams({ strict: false });
  return (
    <Screen
      title="Case"
      actions={
        <Link to={"/operator/cases" as never} className="text-[13px] text-accent hover:underline">
          All cases
        </Link>
      }
    >
      <CaseDetail caseId={caseId} />
    </Screen>
  );
}
