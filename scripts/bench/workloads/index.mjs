/**
 * All workloads, in the order in which they run. A workload names the systems that it can measure; a case
 * of it answers one figure, how it varies, and what it cost whom.
 */
import { failover } from './failover.mjs';
import { fanout } from './fanout.mjs';
import { memory, restart } from './memory.mjs';
import { pick } from './pick.mjs';
import { roll } from './roll.mjs';
import { sdkSet } from './sdk-set.mjs';
import { unaryFloor, unaryGet, unarySet } from './unary.mjs';

export const WORKLOADS = [
  unaryFloor,
  unarySet,
  unaryGet,
  sdkSet,
  fanout,
  roll,
  failover,
  pick,
  memory,
  restart,
];
