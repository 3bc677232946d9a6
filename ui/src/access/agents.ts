/** What a program calls itself, in a few words. The whole text is shown when one points at it. */

const BROWSERS = [
  [/Edg\//, "Edge"],
  [/OPR\//, "Opera"],
  [/Firefox\//, "Firefox"],
  [/HeadlessChrome\//, "Chrome, headless"],
  [/Chrome\//, "Chrome"],
  [/Safari\//, "Safari"],
] as const;

const SYSTEMS = [
  [/iPhone|iPad/, "iOS"],
  [/Android/, "Android"],
  [/Windows/, "Windows"],
  [/Mac OS X/, "macOS"],
  [/Linux/, "Linux"],
] as const;

export function nameOfAgent(agent: string | null): string {
  if (agent === null || agent === "") return "A program without a name";
  const browser = BROWSERS.find(([shape]) => shape.test(agent))?.[1];
  const system = SYSTEMS.find(([shape]) => shape.test(agent))?.[1];
  if (browser === undefined) return agent;
  return system === undefined ? browser : `${browser} on ${system}`;
}
