/**
 * What the parts of this face share: the service, the count of what runs, and the calls that must be
 * told to move when the member leaves.
 */
import type { FaceMetrics } from '../../server/face.js';
import type { Service } from '../../server/service.js';
import type { Anonymous } from './anonymous.js';

/** A call without an end of its own. */
export interface LongCall {
  /** The member leaves: ends the call so that the client goes on elsewhere. */
  move(): void;
}

export interface GrpcContext {
  readonly service: Service;
  readonly metrics: FaceMetrics;
  readonly anonymous: Anonymous;
  readonly longCalls: Set<LongCall>;
}
