/** The live connection, for components. */
import { useCallback, useEffect, useRef, useSyncExternalStore } from "react";
import type { Board } from "@/stream/board";
import { live } from "@/stream/browser";
import type { Condition } from "@/stream/connection";
import type { Frame, Topic } from "@/stream/messages";

/** connecting, live, stale or ended: whether what is shown is true now. */
export function useCondition(): Condition {
  return useSyncExternalStore(
    useCallback((told: () => void) => live.watch(told), []),
    () => live.condition,
  );
}

/** Listens for as long as the component is there; null listens to nothing. The topic counts by its content. */
export function useTopic(topic: Topic | null, onFrame: (frame: Frame) => void): void {
  const latest = useRef(onFrame);
  useEffect(() => {
    latest.current = onFrame;
  });
  const key = topic === null ? null : JSON.stringify(topic);
  useEffect(() => {
    if (key === null) return;
    return live.listen(JSON.parse(key) as Topic, (frame) => latest.current(frame));
  }, [key]);
}

/** The newest value of one key of a board; renders only when that key has changed. */
export function useBoard<T>(board: Board<T>, key: string): T | undefined {
  return useSyncExternalStore(
    useCallback((told: () => void) => board.watch(key, told), [board, key]),
    () => board.get(key),
  );
}
