/** What the service said no with (RFC 9457), or that it said nothing at all. */

export interface Fault {
  readonly pointer?: string;
  readonly code?: string;
  readonly message?: string;
}

export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly faults: readonly Fault[];
  readonly retryAfterS: number | null;
  readonly requestId: string | null;
  /** Everything else it said: the numbers behind the refusal. */
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(said: Partial<Omit<Problem, keyof Error>> & { code: string; title: string }) {
    super(said.detail || said.title);
    this.name = "Problem";
    this.status = said.status ?? 0;
    this.code = said.code;
    this.title = said.title;
    this.detail = said.detail ?? "";
    this.faults = said.faults ?? [];
    this.retryAfterS = said.retryAfterS ?? null;
    this.requestId = said.requestId ?? null;
    this.facts = said.facts ?? {};
  }

  /** Worth trying again without changing anything. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

const KNOWN = new Set(["type", "title", "status", "code", "detail", "errors", "request_id"]);

export function readProblem(body: unknown, response: Response): Problem {
  const said = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  const text = (value: unknown): string => (typeof value === "string" ? value : "");
  const retryAfter = Number(response.headers.get("retry-after") ?? "");
  return new Problem({
    status: response.status,
    code: text(said["code"]) || `http-${response.status}`,
    title: text(said["title"]) || `The service answered ${response.status}`,
    detail: text(said["detail"]),
    faults: Array.isArray(said["errors"]) ? (said["errors"] as Fault[]) : [],
    retryAfterS: Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter : null,
    requestId: text(said["request_id"]) || response.headers.get("x-request-id"),
    facts: Object.fromEntries(Object.entries(said).filter(([name]) => !KNOWN.has(name))),
  });
}

export function noConnection(cause: unknown): Problem {
  return new Problem({
    code: "no-connection",
    title: "The service cannot be reached",
    detail: cause instanceof Error ? cause.message : "",
  });
}

/** Anything that was thrown, as a problem. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem({
    code: "page-fault",
    title: "The page made a mistake",
    detail: error instanceof Error ? error.message : String(error),
  });
}
