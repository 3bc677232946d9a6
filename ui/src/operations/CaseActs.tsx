/** What an operator does with a case. The version is sent along: nobody decides about what they have not seen. */
import { useQuery } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { answer, api, type Schemas } from "@/api/client";
import { Button } from "@/components/Button";
import { ChoiceField } from "@/components/Field";
import { useMe } from "@/hooks/session";
import { ReasonDialog } from "./ReasonDialog";
import { shortId } from "./words";

type Detail = Schemas["CaseDetailView"];
type Doing = "acknowledge" | "assign" | "resolve";

/** What the person saw when they pressed the button; later changes must not slip under their decision. */
interface Chosen {
  readonly doing: Doing;
  readonly version: number;
}

export function CaseActs({ detail }: { detail: Detail }): ReactNode {
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const choose = (doing: Doing) => () => setChosen({ doing, version: detail.version });
  const close = (): void => setChosen(null);
  const params = { path: { case_id: detail.id } };
  const version = chosen?.version ?? detail.version;
  return (
    <>
      {detail.state === "open" && (
        <Button small look="primary" onClick={choose("acknowledge")}>
          Acknowledge…
        </Button>
      )}
      {detail.state === "resolved" ? (
        <span className="text-[12px] text-ink-3">Resolved; it opens again when it becomes worse</span>
      ) : (
        <>
          <Button small onClick={choose("assign")}>
            Assign…
          </Button>
          <Button small onClick={choose("resolve")}>
            Resolve…
          </Button>
        </>
      )}
      {/* Not closed by what others do: the refusal says what happened, and a dialog that went would come back. */}
      {chosen?.doing === "acknowledge" && (
        <ReasonDialog
          onClose={close}
          act={{
            title: "Acknowledge the case",
            description: "You become its owner.",
            button: "Acknowledge",
            done: "You own this case now",
            run: (reason) =>
              answer(api.POST("/api/v1/cases/{case_id}/acknowledge", { params, body: { reason, version } })),
          }}
        />
      )}
      {chosen?.doing === "resolve" && (
        <ReasonDialog
          onClose={close}
          act={{
            title: "Resolve the case",
            description: "The same rule, person and matter rest for a while after that.",
            button: "Resolve",
            done: "The case is resolved",
            run: (reason) =>
              answer(api.POST("/api/v1/cases/{case_id}/resolve", { params, body: { reason, version } })),
          }}
        />
      )}
      {chosen?.doing === "assign" && <Assign detail={detail} version={version} onClose={close} />}
    </>
  );
}

function Assign({
  detail,
  version,
  onClose,
}: {
  detail: Detail;
  version: number;
  onClose: () => void;
}): ReactNode {
  const me = useMe();
  const [owner, setOwner] = useState(detail.owner ?? me.id);
  const { data } = useQuery({
    queryKey: ["operations", "operators"],
    queryFn: () =>
      answer<Schemas["SeenPage_OverseenPersonView_"]>(
        api.GET("/api/v1/regulator/users", {
          params: { query: { role: "operator", enabled: true, limit: 1000 } },
        }) as never,
      ),
  });
  const known = data?.data.map((person) => person.user_id) ?? [];
  const ids = [...new Set([me.id, ...known])];
  return (
    <ReasonDialog
      onClose={onClose}
      act={{
        title: "Assign the case",
        description: "To an operator, who becomes its owner.",
        button: "Assign",
        done: "The case has a new owner",
        fields: (
          <ChoiceField
            label="Owner"
            value={owner}
            onChange={(event) => setOwner(event.target.value)}
            choices={ids.map((id) => ({
              value: id,
              label: id === me.id ? "you" : `operator ${shortId(id)}`,
            }))}
          />
        ),
        run: (reason) =>
          answer(
            api.POST("/api/v1/cases/{case_id}/assign", {
              params: { path: { case_id: detail.id } },
              body: { owner, reason, version },
            }),
          ),
      }}
    />
  );
}
