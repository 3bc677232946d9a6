/** The connection of this page, on the browser's own socket and clock. */
import { socketAddress } from "../api/place";
import { Connection } from "./connection";
import type { Socket } from "./world";

export const live = new Connection({
  open: () => new WebSocket(socketAddress()) as unknown as Socket,
  now: () => Date.now(),
  after: (ms, work) => {
    const timer = setTimeout(work, ms);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
});

/** Keeps it open until what it returns is called; tries at once when the network or the reader comes back. */
export function keepOpen(): () => void {
  const hurry = (): void => {
    if (document.visibilityState === "visible") live.hurry();
  };
  live.start();
  window.addEventListener("online", hurry);
  document.addEventListener("visibilitychange", hurry);
  return () => {
    window.removeEventListener("online", hurry);
    document.removeEventListener("visibilitychange", hurry);
    live.end();
  };
}
