/**
 * The typed client: paths and shapes come from openapi.json. Everything that is not a success is thrown as a
 * {@link Problem}.
 *
 *     const page = await answer(api.GET("/api/v1/markets", { params: { query: { limit: 100 } } }));
 */
import createClient from "openapi-fetch";
import { ROOT } from "./place";
import { noConnection, readProblem } from "./problems";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];

export const api = createClient<paths>({
  baseUrl: ROOT.replace(/\/$/, ""),
  credentials: "same-origin",
  querySerializer: { array: { style: "form", explode: true } },
});

interface Answered<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

type Listener = () => void;
const onSignedOut = new Set<Listener>();

/** Called when an answer says that the session is over. */
export function watchSignedOut(listener: Listener): () => void {
  onSignedOut.add(listener);
  return () => onSignedOut.delete(listener);
}

/** Lists answer with text as well, as files; those are asked for elsewhere, with a format. */
export async function answer<T>(request: Promise<Answered<T>>): Promise<Exclude<T, string>> {
  let answered: Answered<T>;
  try {
    answered = await request;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw noConnection(error);
  }
  const { data, error, response } = answered;
  if (response.ok) return data as Exclude<T, string>;
  const problem = readProblem(error, response);
  if (problem.status === 401) for (const listener of onSignedOut) listener();
  throw problem;
}

/** For `Idempotency-Key`: the same press of a button is done once, however often it is sent. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
