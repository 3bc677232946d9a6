import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { describe, expect, test } from "vitest";
import { nameOfAgent } from "@/access/agents";
import { faultOf, forgetPerson, readNext } from "@/access/session";
import { Problem } from "@/api/problems";

describe("where one goes after signing in", () => {
  test("a path of this page, with its search and hash", () => {
    expect(readNext("/account?tab=keys#top")).toEqual({
      to: "/account",
      search: { tab: "keys" },
      hash: "top",
    });
  });

  test.each([
    undefined,
    "https://evil.example/",
    "//evil.example/portfolio",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/markets/..//evil.example/portfolio",
    "javascript:alert(1)",
    "portfolio",
    "/sign-in?next=/sign-in",
  ])("never another site, nor here again: %s", (next) => {
    expect(readNext(next)).toEqual({ to: "/markets", search: {}, hash: "" });
  });
});

test("a fault is found by its field alone", () => {
  const problem = new Problem({
    code: "invalid",
    title: "",
    faults: [{ pointer: "#/email", message: "too short" }],
  });
  expect(faultOf(problem, "email")).toBe("too short");
  expect(faultOf(problem, "mail")).toBeUndefined();
  expect(faultOf(null, "email")).toBeUndefined();
});

test.each([
  ["Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0 Safari/537.36", "Chrome on Linux"],
  [
    "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/156.0 Safari/537.36 Edg/156.0",
    "Edge on Windows",
  ],
  ["Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1", "Safari on iOS"],
  ["curl/8.9", "curl/8.9"],
  [null, "A program without a name"],
])("%s is called %s", (agent, name) => {
  expect(nameOfAgent(agent)).toBe(name);
});

test("nothing that was fetched for one person is there for the next, and what is looked at is asked for anew", () => {
  const client = new QueryClient();
  client.setQueryData(["meta"], { demo: false });
  client.setQueryData(["me"], { id: "b" });
  client.setQueryData(["ledger", "held"], "of a");
  client.setQueryData(["portfolio", "summary"], "of a");
  let asked = 0;
  const watched = new QueryObserver<string>(client, {
    queryKey: ["portfolio", "summary"],
    queryFn: () => {
      asked += 1;
      return new Promise(() => undefined);
    },
    staleTime: Infinity,
  });
  const leave = watched.subscribe(() => undefined);
  forgetPerson(client);
  expect([watched.getCurrentResult().data, asked]).toEqual([undefined, 1]);
  expect(client.getQueryData(["ledger", "held"])).toBeUndefined();
  expect([client.getQueryData(["meta"]), client.getQueryData(["me"])]).toEqual([
    { demo: false },
    { id: "b" },
  ]);
  leave();
  client.clear();
});
