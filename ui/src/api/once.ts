/**
 * What moves value is done once, however often it is sent: pressed twice, or pressed again because no answer came. The
 * same content goes out under the same key until an answer says what became of it.
 */
import { newKey } from "./client";
import { asProblem } from "./problems";

/** For so long the same content, sent again without an answer in between, is taken for the same wish. */
const SAME_MS = 120_000;

interface Sent {
  readonly key: string;
  readonly at: number;
  readonly body: unknown;
}

const unanswered = new Map<string, Sent>();

function find(name: string): Sent | null {
  const sent = unanswered.get(name);
  return sent !== undefined && Date.now() - sent.at < SAME_MS ? sent : null;
}

/** What was sent under this name and not answered yet; null: nothing. */
export function unansweredBody(name: string): unknown {
  return find(name)?.body ?? null;
}

let whose: string | null = null;

/** This person is here. What another one wished is nothing of theirs; what they wished before they had to sign in again is. */
export function wishFor(person: string): void {
  if (whose !== null && whose !== person) {
    unanswered.clear();
    latest.clear();
  }
  whose = person;
}

/** The name of what was wished last about a matter. */
const latest = new Map<string, string>();

/**
 * For what says how a matter stands from now on, as whether a market trades. There the last word counts: once another
 * one was said, the one before it is not taken for unanswered any more, but is done anew when it is said again.
 */
export function onceAbout<T>(matter: string, body: unknown, send: (key: string) => Promise<T>): Promise<T> {
  const name = JSON.stringify([matter, body]);
  const before = latest.get(matter);
  if (before !== undefined && before !== name) unanswered.delete(before);
  latest.set(matter, name);
  return once(name, send, body);
}

/** `name`: what is wished, with all that makes it another wish. `body` is kept for {@link unansweredBody}. */
export async function once<T>(
  name: string,
  send: (key: string) => Promise<T>,
  body: unknown = null,
): Promise<T> {
  const sent = find(name) ?? { key: newKey(), at: Date.now(), body };
  unanswered.set(name, sent);
  const forget = (): void => {
    if (unanswered.get(name) === sent) unanswered.delete(name);
  };
  try {
    const done = await send(sent.key);
    forget();
    return done;
  } catch (error) {
    const problem = asProblem(error);
    // Still running is no answer either.
    if (!problem.passing && problem.code !== "idempotency-in-flight") forget();
    throw error;
  }
}
