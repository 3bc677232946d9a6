import { Link, useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Screen } from "@/components/Panel";
import { DropFiles } from "@/imports/DropFiles";
import { ImportList } from "@/imports/ImportList";

export function Imports(): ReactNode {
  const navigate = useNavigate();
  const open = (importId: string): void =>
    void navigate({ to: "/imports/$importId" as never, params: { importId } as never });
  return (
    <Screen
      title="Imports"
      actions={
        <Link to={"/data-quality" as never} className="text-[13px] text-accent hover:underline">
          Data quality
        </Link>
      }
    >
      <DropFiles onBrought={open} />
      <ImportList />
    </Screen>
  );
}
