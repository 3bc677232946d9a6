/**
 * Where the service is: the page may lie under a path of a proxy. Built files lie in `<root>/assets/`, so each of
 * them knows the root from its own address.
 */
export const ROOT: string = import.meta.env.DEV
  ? "/"
  : new URL(/* @vite-ignore */ "..", import.meta.url).pathname;

/** A path of the service, e.g. `api/v1/ws`, as this page reaches it. */
export function placeOf(path: string): string {
  return ROOT + path.replace(/^\//, "");
}

export function socketAddress(): string {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  return `${scheme}//${location.host}${placeOf("api/v1/ws")}`;
}
