/** Bytes as people type and read them, in steps of 1024: 512, 10K, 1.5M, 2GiB. Pure. */
const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;
const STEP = 1024;
const SIZE = /^(\d+(?:\.\d+)?)\s*(?:([KMGT])(?:i?B)?|B)?$/i;

/** Bytes, or undefined when it is no size. */
export function parseSize(text: string): number | undefined {
  const match = SIZE.exec(text.trim());
  if (match === null) return undefined;
  const [, amount, unit] = match;
  const power = unit === undefined ? 0 : 'KMGT'.indexOf(unit.toUpperCase()) + 1;
  const bytes = Math.round(Number(amount) * STEP ** power);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** 17 B, 3.4 KiB, 120 MiB: three digits say enough. */
export function describeSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= STEP && unit < UNITS.length - 1) {
    value /= STEP;
    unit++;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** "1 node", "2 nodes". */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}
