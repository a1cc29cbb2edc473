/**
 * The public vocabulary of the SDK, in a few files. It holds no code; values are plain and immutable,
 * and every failure is a RollcallError.
 */
export type * from './api/admin.js';
export type * from './api/client.js';
export type * from './api/describe.js';
export type * from './api/locks.js';
export type * from './api/roll.js';
export type * from './api/tree.js';
