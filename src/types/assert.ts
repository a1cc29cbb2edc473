/**
 * Assertions stay on in production: a member that has broken an invariant stops rather than goes on
 * in a wrong state. Programmer errors only; what a caller or a peer can cause is never asserted.
 */

export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Ends every exhaustive switch: adding a variant without handling it does not compile. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${JSON.stringify(value)}`);
}
