/** The public surface of the SDK, listed by hand. Importing it opens nothing. */
export type { ErrorCode, ErrorOptions, FailureOutcome } from '../types/errors.js';
export { isRollcallError, RollcallError } from '../types/errors.js';
export type { Cause, EventType } from '../types/event.js';
export type { Instance, InstanceSpec, InstanceState, LeaveReason } from '../types/instance.js';
export type { AclEntry, NodeKind, NodeStat, Override, TreeNode } from '../types/node.js';
export type { AuditAction, DepartureReason } from '../types/record.js';
export { connect } from './connect.js';
export type * from './types.js';
