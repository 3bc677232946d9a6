/** What an answer may still do when whoever asked has left: a dialog can be closed before it comes. */
import { useCallback, useEffect, useRef } from "react";
import { useToasts } from "./toasts";

/** `run`, as long as the caller is on the screen: what it would close later is whichever dialog is open then. */
export function useWhileHere(run: () => void): () => void {
  const latest = useRef<(() => void) | null>(null);
  useEffect(() => {
    latest.current = run;
    return () => {
      latest.current = null;
    };
  });
  return useCallback(() => latest.current?.(), []);
}

/** For the `onError` of what says itself why it was refused: once it is closed, a message says it. */
export function useFailWhenGone(): (error: unknown) => void {
  const { fail } = useToasts();
  const here = useRef(true);
  useEffect(() => {
    here.current = true;
    return () => {
      here.current = false;
    };
  }, []);
  return useCallback((error: unknown) => !here.current && fail(error), [fail]);
}
