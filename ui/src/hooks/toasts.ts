import { createContext, useContext } from "react";

export interface Toast {
  readonly title: string;
  readonly detail?: string;
  readonly tone?: "good" | "bad";
  readonly action?: { readonly label: string; run(): void };
}

export interface ToastsPort {
  tell(toast: Toast): void;
  /** What was thrown, as a message. */
  fail(error: unknown): void;
}

export const ToastContext = createContext<ToastsPort>({ tell: () => undefined, fail: () => undefined });

export function useToasts(): ToastsPort {
  return useContext(ToastContext);
}
