/** Calls into the application: what it throws is its own and reaches its owner, never the caller here. */

/** Like a listener of an EventTarget: an exception is reported as uncaught, and the others go on. */
export function tell<T>(listener: (value: T) => void, value: T): void {
  try {
    listener(value);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
