/** What is left of the changes to a form when `sent` was kept: those that were typed while it was on its way. */
export function typedSince<T extends object>(typed: Partial<T>, sent: T): Partial<T> {
  const left = Object.entries(typed).filter(([name, value]) => value !== sent[name as keyof T]);
  return Object.fromEntries(left) as Partial<T>;
}
