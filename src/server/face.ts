/**
 * What a member expects of a face and gives to it. The list of faces comes from whoever starts the
 * member; the server knows none of them by name.
 */
import type { Logger } from '../types/ports.js';
import type { Metrics } from './metrics/metrics.js';
import type { Service } from './service.js';

/** What a face counts. The registry is only for the face that shows it. */
export type FaceMetrics = Omit<Metrics, 'registry' | 'setSource'>;

export interface FaceContext<M = Metrics> {
  readonly service: Service;
  readonly metrics: M;
  readonly logger: Logger;
  /** HOST:PORT of this face in an earlier life of the member: it listens there again. */
  readonly listen?: string | undefined;
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
export type FaceFactory<M = Metrics> = (context: FaceContext<M>) => Promise<Face>;
