/** A text as a QR code: drawn here, for what is in it is nobody else's business. */
import { encode } from "uqr";

/** Light modules around the code, without which readers do not find it: ISO/IEC 18004 wants four. */
export const QUIET = 4;

export interface QrCode {
  /** Modules on a side, without those around it. */
  readonly side: number;
  /** The dark modules as an SVG path, one unit each. */
  readonly path: string;
}

/** Medium correction: 15 % of it may be unreadable, as under a reflection. */
export function drawQr(text: string): QrCode {
  const { data, size: side } = encode(text, { ecc: "M", border: 0 });
  return { side, path: data.map(drawRow).join("") };
}

/** Each run of dark modules is one rectangle. */
function drawRow(row: readonly boolean[], y: number): string {
  let path = "";
  for (let x = 0; x < row.length; x += 1) {
    if (row[x] !== true) continue;
    const from = x;
    while (row[x + 1] === true) x += 1;
    const width = x + 1 - from;
    path += `M${from} ${y}h${width}v1h-${width}z`;
  }
  return path;
}
