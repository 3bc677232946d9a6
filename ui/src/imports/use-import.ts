/** One import: what is known of it, and what can be done with it. */
import {
  useMutation,
  useQuery,
  useQueryClient,
  type UseMutationResult,
  type UseQueryResult,
} from "@tanstack/react-query";
import { answer, api } from "@/api/client";
import { isBusy, type Answers, type ImportView } from "./words";

export function useImport(id: string): UseQueryResult<ImportView> {
  return useQuery({
    queryKey: ["imports", "one", id],
    queryFn: () => answer(api.GET("/api/v1/imports/{import_id}", { params: { path: { import_id: id } } })),
    // Its job tells of its end; this is for when that message was lost.
    refetchInterval: ({ state }) => (state.data !== undefined && isBusy(state.data.state) ? 5_000 : false),
  });
}

export function useAnswer(id: string): UseMutationResult<ImportView, Error, Answers> {
  const client = useQueryClient();
  return useMutation({
    // The screen of one import becomes that of another: what is under way, or failed, is not of the other one.
    mutationKey: ["imports", "answer", id],
    mutationFn: (answers: Answers) =>
      answer(
        api.PATCH("/api/v1/imports/{import_id}", {
          params: { path: { import_id: id } },
          // What is left out stays as it was; the schema only knows the defaults.
          body: answers as never,
        }),
      ),
    onSuccess: (view) => {
      client.setQueryData(["imports", "one", id], view);
      return client.invalidateQueries({ queryKey: ["imports"] });
    },
  });
}

type Step = "commit" | "undo" | "discard";

export function useStep(id: string): UseMutationResult<unknown, Error, Step> {
  const client = useQueryClient();
  const params = { path: { import_id: id } };
  return useMutation<unknown, Error, Step>({
    mutationKey: ["imports", "step", id],
    mutationFn: (step) => {
      if (step === "commit") return answer(api.POST("/api/v1/imports/{import_id}/commit", { params }));
      if (step === "undo") return answer(api.POST("/api/v1/imports/{import_id}/undo", { params }));
      return answer(api.DELETE("/api/v1/imports/{import_id}", { params }));
    },
    onSuccess: () => client.invalidateQueries({ queryKey: ["imports"] }),
  });
}
