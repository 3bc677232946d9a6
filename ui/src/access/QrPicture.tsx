import { useMemo, type ReactNode } from "react";
import { drawQr, QUIET } from "./qr";

/** Pixels; whole ones keep the edges sharp. */
const MODULE = 4;

/** Dark on white whatever the theme is: some readers do not know it the other way round. */
export function QrPicture({ label, text }: { label: string; text: string }): ReactNode {
  const { side, path } = useMemo(() => drawQr(text), [text]);
  const whole = side + 2 * QUIET;
  return (
    <svg
      role="img"
      aria-label={label}
      width={whole * MODULE}
      viewBox={`${-QUIET} ${-QUIET} ${whole} ${whole}`}
      shapeRendering="crispEdges"
      className="h-auto max-w-full shrink-0 rounded border border-line"
    >
      <rect x={-QUIET} y={-QUIET} width={whole} height={whole} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}
