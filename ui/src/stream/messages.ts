/** What the live protocol says: docs/live.md. Only what the connection itself has to understand. */

export interface Frame {
  readonly sub: string;
  readonly ch: string;
  readonly sym?: string;
  readonly type: "snapshot" | "update";
  readonly seq: number;
  readonly prev?: number;
  readonly ts_ms?: number;
  readonly [field: string]: unknown;
}

export type Notice =
  | { readonly op: "subscribed"; readonly sub: string; readonly id?: string }
  | { readonly op: "unsubscribed"; readonly sub: string; readonly reason?: string }
  | { readonly op: "resync"; readonly sub: string; readonly reason?: string }
  | { readonly op: "forgotten"; readonly sub: string }
  | { readonly op: "heartbeat"; readonly ts_ms: number; readonly seqs: Readonly<Record<string, number>> }
  | { readonly op: "error"; readonly id?: string; readonly code: string; readonly detail: string }
  | { readonly op: "shutdown"; readonly retry_ms: number };

/** What is listened to: a channel, what of it, and its own parameters. */
export interface Topic {
  readonly channel: string;
  readonly symbols?: readonly string[];
  readonly [parameter: string]: unknown;
}

/** One notice, or frames; null for what is neither (a newer server's message is skipped, not fatal). */
export function readMessage(text: string): Notice | readonly Frame[] | null {
  const message: unknown = JSON.parse(text);
  if (Array.isArray(message)) return message as Frame[];
  if (typeof message === "object" && message !== null && "op" in message) return message as Notice;
  return null;
}
