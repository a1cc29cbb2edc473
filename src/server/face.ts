/**
 * What a member expects of a face and gives to it. The list of faces comes from whoever starts the
 * member; the server knows none of them by name.
 */
import type { Logger } from '../types/ports.js';
import type { Metrics } from './metrics.js';
import type { Service } from './service.js';

export interface FaceContext {
  readonly service: Service;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly member: {
    readonly name: string;
    readonly id: string;
    readonly clusterId: string;
  };
}

export interface Face {
  readonly name: string;
  /** HOST:PORT that it listens on. */
  readonly address: string;
  /** Takes no new work, tells its streams to move, and is gone within the time given. */
  close(withinMs: number): Promise<void>;
}

/** Called once, when the member knows its cluster. */
export type FaceFactory = (context: FaceContext) => Promise<Face>;
