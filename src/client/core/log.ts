/** Where trouble in the background is told, if anybody wants to know: what a logger throws hurts nobody. */
import type { ClientLogger } from '../types.js';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
const ignore = (): void => undefined;

export const NO_LOG: ClientLogger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

export function guarded(logger: ClientLogger | undefined): ClientLogger {
  if (logger === undefined) return NO_LOG;
  const told = LEVELS.map((level) => {
    const tell = (fields: object, message: string): void => {
      try {
        // An async logger that fails would otherwise be an unhandled rejection.
        Promise.resolve(logger[level](fields, message) as unknown).catch(ignore);
      } catch {
        // Nobody is left to be told.
      }
    };
    return [level, tell] as const;
  });
  return Object.fromEntries(told) as unknown as ClientLogger;
}
