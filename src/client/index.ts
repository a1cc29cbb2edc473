/** The public surface of the SDK, listed by hand. Importing it opens nothing. */
export type { ErrorCode, FailureOutcome } from '../types/errors.js';
export { isRollcallError, RollcallError } from '../types/errors.js';
export type { Cause, EventType } from '../types/event.js';
export type { Instance, InstanceSpec, InstanceState, LeaveReason } from '../types/instance.js';
export type { NodeKind, NodeStat, TreeNode } from '../types/node.js';
export { connect } from './connect.js';
export type * from './types.js';
