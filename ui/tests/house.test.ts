/** The order of the house: how long files get, and who may import whom. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const SOURCES = fileURLToPath(new URL("../src", import.meta.url));
const GENERATED = new Set(["api/schema.d.ts"]);
const SLICES = [
  "access",
  "alerts",
  "imports",
  "ledger",
  "markets",
  "operations",
  "portfolio",
  "tax",
  "trading",
];
const FREE = ["api", "stream", "chart", "format"];
/** What each folder may import besides itself. */
const BELOW: Record<string, readonly string[]> = {
  api: [],
  format: [],
  stream: ["api"],
  chart: ["format"],
  hooks: [...FREE],
  components: [...FREE, "hooks"],
  ...Object.fromEntries(SLICES.map((slice) => [slice, [...FREE, "hooks", "components"]])),
  screens: [...FREE, "hooks", "components", ...SLICES],
  shell: [...FREE, "hooks", "components", "screens", "access", "operations"],
};
const FRAMEWORKS = /^(react|react-dom|radix-ui|@tanstack\/|lucide-react)/;

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}

const files = filesBelow(SOURCES)
  .map((path) => relative(SOURCES, path))
  .filter((path) => /\.tsx?$/.test(path) && !GENERATED.has(path));

function importsOf(path: string): string[] {
  const text = readFileSync(join(SOURCES, path), "utf-8");
  return [...text.matchAll(/(?:from|import)\s*\(?\s*["']([^"']+)["']/g)].map(([, name = ""]) => name);
}

function folderOf(path: string, name: string): string | null {
  if (name.startsWith("@/")) return name.slice(2).split("/")[0] ?? null;
  if (name.startsWith(".")) return normalize(join(dirname(path), name)).split("/")[0] ?? null;
  return null;
}

describe("the house", () => {
  test("has files that can be read in one sitting", () => {
    const long = files
      .map((path) => [path, readFileSync(join(SOURCES, path), "utf-8").split("\n").length - 1] as const)
      .filter(([, lines]) => lines > 250);
    expect(long).toEqual([]);
  });

  test("knows every folder", () => {
    const folders = new Set(
      files.filter((path) => path.includes("/")).map((path) => path.split("/")[0] ?? ""),
    );
    expect([...folders].filter((folder) => !(folder in BELOW))).toEqual([]);
  });

  test("has no way from one slice to another, nor upwards", () => {
    const wrong = files.flatMap((path) => {
      const own = path.split("/")[0] ?? "";
      const allowed = BELOW[own];
      if (allowed === undefined) return []; // main.tsx
      return importsOf(path)
        .map((name) => folderOf(path, name))
        .filter((folder): folder is string => folder !== null && folder !== own && !allowed.includes(folder))
        .map((folder) => `${path} → ${folder}`);
    });
    expect(wrong).toEqual([]);
  });

  test("keeps the frameworks out of api, stream, chart and format", () => {
    const wrong = files
      .filter((path) => FREE.includes(path.split("/")[0] ?? ""))
      .filter((path) => importsOf(path).some((name) => FRAMEWORKS.test(name)));
    expect(wrong).toEqual([]);
  });

  test("asks nobody outside", () => {
    const wrong = files.filter((path) => {
      const text = readFileSync(join(SOURCES, path), "utf-8");
      return (
        /(fetch|import|WebSocket|EventSource)\(\s*["'`](https?|wss?):/.test(text) ||
        /src=["']https?:/.test(text)
      );
    });
    expect(wrong).toEqual([]);
  });
});
