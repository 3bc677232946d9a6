/** What the connection needs of the world around it, so that a test can be one. */

/** What a socket has to be able to do; the browser's WebSocket is one. */
export interface Socket {
  send(text: string): void;
  close(code?: number): void;
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
}

export interface World {
  open(): Socket;
  now(): number;
  /** Calls `work` after `ms`; what it returns stops that. */
  after(ms: number, work: () => void): () => void;
  /** 0 to 1. */
  random(): number;
}
