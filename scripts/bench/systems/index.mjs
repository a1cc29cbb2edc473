/** The systems that can be measured, by name, each started afresh in a folder of its own. */
import { makeFolder } from '../processes.mjs';
import { startEtcd } from './etcd.mjs';
import { startFloor } from './floor.mjs';
import { startRollcall } from './rollcall.mjs';

const STARTS = { rollcall: startRollcall, etcd: startEtcd, 'grpc-js': startFloor };

/** Can be asked for with --beside. */
export const PEERS = ['etcd'];

export function startSystem(name, { dir, profile }) {
  return STARTS[name]({ folder: makeFolder(dir), profile });
}
