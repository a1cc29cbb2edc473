/** What a registration may be told to change of itself: pure. The fields by which it is known stay. */
import type { InstanceSpec } from '../../types/instance.js';
import { check, checkState } from '../core/checks.js';
import type { InstancePatch } from '../types.js';

const FIXED = ['service', 'id', 'registeredAt'] as const;

export function patched(spec: InstanceSpec, patch: InstancePatch): InstanceSpec {
  check('patch', typeof patch === 'object' && patch !== null, 'the fields to change');
  for (const field of FIXED) check(`patch.${field}`, !(field in patch), 'left as it is');
  checkState(patch.state);
  const stated = Object.entries(patch).filter(([, value]) => value !== undefined);
  return { ...spec, ...Object.fromEntries(stated) };
}
