/** A service's settings: the data of its node, replaced by compare-and-set. */
import { SERVICES_ROOT, servicePath } from '../../codec/instance.js';
import { ANY_VERSION, type SetSettings } from '../../types/command.js';
import { WRITE } from '../../types/node.js';
import type { DataSet, Refused } from '../../types/outcome.js';
import { type NodeRecord, statOf } from '../nodes.js';
import { refused, type Work } from '../work.js';
import { ensureService, makingProblem } from './service.js';

export function applySettings(body: SetSettings, work: Work): DataSet | Refused {
  const path = servicePath(body.service);
  const node = work.state.nodes.get(path);
  const problem = node === undefined ? newProblem(body, path, work) : problemOf(body, node, work);
  if (problem !== undefined) return problem;
  work.hand = { who: body.who, why: body.why };
  work.audit('settings', body.service);
  if (node !== undefined) return { type: 'set', stat: work.setData(node, body.data) };
  return { type: 'set', stat: statOf(ensureService(body.service, work, body.data)) };
}

function newProblem({ version, data }: SetSettings, path: string, work: Work): Refused | undefined {
  if (version > 0) return refused('BAD_VERSION', path);
  return makingProblem([SERVICES_ROOT, path], data.length, work);
}

function problemOf(
  { version, data }: SetSettings,
  node: NodeRecord,
  work: Work,
): Refused | undefined {
  const { path } = node;
  if (!work.may(WRITE, node)) return refused('DENIED', path);
  if (version !== ANY_VERSION && version !== node.version) return refused('BAD_VERSION', path);
  return work.overQuota(path, data.length - node.dataLength);
}
