/**
 * In place of react-remove-scroll, which adds a <style> element that our content security policy refuses. The page
 * behind a dialog is held still by a rule of the style sheet instead.
 */
import type { ElementType, ReactNode, Ref } from "react";

interface Props {
  as?: ElementType;
  children?: ReactNode;
  ref?: Ref<unknown>;
  allowPinchZoom?: boolean;
  enabled?: boolean;
  shards?: unknown;
  [attribute: string]: unknown;
}

export function RemoveScroll({
  as: As = "div",
  allowPinchZoom,
  enabled,
  shards,
  ...attributes
}: Props): ReactNode {
  void [allowPinchZoom, enabled, shards];
  return <As {...attributes} />;
}
