/** What a server of the demonstration tells its parent, and the clock on which both agree. */

/** Sent at the moment that the change is made at the server's side. */
export interface Step {
  readonly step: 'joined' | 'draining' | 'leaving';
  readonly at: number;
}

/** Milliseconds since 1970 with fractions, steady within a process. */
export const clockMs = (): number => performance.timeOrigin + performance.now();
