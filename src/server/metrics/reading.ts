/** What a member is at the moment of a scrape, and what it has counted since it began. */
import type { CheckpointFigures } from '../state/checkpointer.js';
import type { Figures } from './figures.js';

export interface Reading {
  readonly term: number;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly lastIndex: number;
  readonly role: string;
  /** At the leader: entries each other member is behind. */
  readonly followers: readonly { readonly name: string; readonly lag: number }[];
  readonly confirmationAgeMs: number;
  readonly log: {
    readonly bytes: number;
    readonly segments: number;
    readonly firstIndex: number;
    /** How long the oldest write has been under way. */
    readonly waitingMs: number;
  };
  readonly checkpoint: CheckpointFigures & { readonly index: number };
  readonly history: { readonly floor: number; readonly events: number; readonly bytes: number };
  readonly figures: Figures;
  readonly sessions: number;
  readonly nodes: number;
  readonly instances: readonly InstanceCount[];
  readonly connections: {
    readonly current: number;
    readonly limit: number;
    readonly opened: number;
    readonly refused: number;
    readonly received: number;
    readonly sent: number;
  };
  readonly peers: readonly PeerReading[];
  /** undefined while it is not known. */
  readonly disk: { readonly freeBytes: number; readonly totalBytes: number } | undefined;
}

export interface PeerReading {
  readonly name: string;
  readonly isConnected: boolean;
  readonly received: number;
  readonly sent: number;
}

export interface InstanceCount {
  readonly service: string;
  readonly state: string;
  readonly count: number;
}
