/** The first of what comes in pages. */
export async function takeFirst<T>(source: AsyncIterable<T>, limit = Infinity): Promise<T[]> {
  const taken: T[] = [];
  if (limit === 0) return taken;
  for await (const item of source) {
    taken.push(item);
    if (taken.length >= limit) break;
  }
  return taken;
}
