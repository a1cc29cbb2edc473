/** What the SDK holds, in plain values for logs, tests and people. Types only. */
import type { ClientState, SessionState } from './client.js';
import type { DiscoveryState, RegistrationState } from './roll.js';

/** All that a client holds at this moment. */
export interface ClientDescription {
  readonly state: ClientState;
  readonly endpoints: readonly {
    readonly endpoint: string;
    /** current: in use; standby: the warm second; idle; failing: lately in vain, with the reason. */
    readonly use: 'current' | 'standby' | 'idle' | 'failing';
    readonly lastError: string | undefined;
  }[];
  /** The highest revision seen. */
  readonly revision: number;
  readonly sessions: readonly SessionDescription[];
  readonly registrations: readonly RegistrationDescription[];
  readonly discoveries: readonly DiscoveryDescription[];
  readonly watches: readonly WatchDescription[];
}

/** A session that this client keeps alive. */
export interface SessionDescription {
  readonly id: number;
  readonly state: SessionState;
  readonly timeoutMs: number;
  readonly graceMs: number;
  /** Since the last touch that was answered. */
  readonly ageMs: number;
  /** Changes sent and not answered. */
  readonly pending: number;
}

/** A registration that this client keeps true. */
export interface RegistrationDescription {
  readonly service: string;
  readonly id: string;
  readonly state: RegistrationState;
  readonly url: string;
  readonly reason: string | undefined;
}

/** A view of a service that this client keeps. */
export interface DiscoveryDescription {
  readonly service: string;
  readonly state: DiscoveryState;
  readonly ageMs: number;
  readonly revision: number;
  readonly balancer: string;
  /** With the requests under way to each. */
  readonly instances: readonly {
    readonly id: string;
    readonly url: string;
    readonly state: string;
    readonly active: number;
  }[];
}

/** A watch that this client keeps. */
export interface WatchDescription {
  readonly path: string;
  readonly scope: string;
  readonly revision: number;
  readonly isLive: boolean;
  /** Events that the reader has not taken. */
  readonly buffered: number;
}
