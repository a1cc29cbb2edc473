/** JSON in the data of nodes, read without trust: anybody may have written it. */

const UTF8_DECODER = new TextDecoder('utf-8', { fatal: true });

export type JsonObject = { readonly [key: string]: unknown };

/** undefined: not UTF-8, not JSON, or not an object. */
export function parseObject(data: Uint8Array): JsonObject | undefined {
  try {
    return asObject(JSON.parse(UTF8_DECODER.decode(data)));
  } catch {
    return undefined;
  }
}

/**
 * What of an object parses. `fromEntries` defines properties, so no key reaches a prototype; "__proto__" is
 * dropped for those who copy.
 */
export function recordOf<T>(
  value: unknown,
  parse: (item: unknown) => T | undefined,
): Readonly<Record<string, T>> {
  const entries: [string, T][] = [];
  for (const [key, item] of Object.entries(asObject(value) ?? {})) {
    const parsed = parse(item);
    if (parsed !== undefined && key !== '__proto__') entries.push([key, parsed]);
  }
  return Object.fromEntries(entries);
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function asObject(value: unknown): JsonObject | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return value as JsonObject;
}
