/** What a command's body does: one function for each kind. */
import { unreachable } from '../../types/assert.js';
import type { CommandBody, TreeOperation } from '../../types/command.js';
import type { Outcome } from '../../types/outcome.js';
import type { Work } from '../work.js';
import { applySetAcl } from './acl.js';
import { applyDeregister, applyRegister, applyUpdate } from './catalog.js';
import { applyDeleteTree } from './delete-tree.js';
import { applyExpireOverride, applyOverride } from './override.js';
import { applySetQuota } from './quota.js';
import { applyReap } from './reap.js';
import {
  applyAttach,
  applyClose,
  applyDetach,
  applyExpire,
  applyOpen,
  applyRevoke,
} from './session.js';
import { applySettings } from './settings.js';
import { applyOperation, applyTransact } from './transact.js';

type SessionBody = Extract<
  CommandBody,
  {
    kind:
      | 'openSession'
      | 'attachSession'
      | 'closeSession'
      | 'detachSession'
      | 'expireSession'
      | 'revokeSession';
  }
>;
type ServiceBody = Extract<CommandBody, { readonly service: string }>;
type OtherBody = Exclude<CommandBody, TreeOperation | SessionBody | ServiceBody>;

export function applyBody(body: CommandBody, work: Work): Outcome {
  switch (body.kind) {
    case 'create':
    case 'set':
    case 'delete':
      return applyOperation(body, work);
    case 'openSession':
    case 'attachSession':
    case 'closeSession':
    case 'detachSession':
    case 'expireSession':
    case 'revokeSession':
      return applySessionBody(body, work);
    case 'register':
    case 'updateInstance':
    case 'deregister':
    case 'setOverride':
    case 'expireOverride':
    case 'setSettings':
      return applyServiceBody(body, work);
    default:
      return applyOtherBody(body, work);
  }
}

function applySessionBody(body: SessionBody, work: Work): Outcome {
  switch (body.kind) {
    case 'openSession':
      return applyOpen(body, work);
    case 'attachSession':
      return applyAttach(body, work);
    case 'closeSession':
      return applyClose(work);
    case 'detachSession':
      return applyDetach(body, work);
    case 'expireSession':
      return applyExpire(body, work);
    case 'revokeSession':
      return applyRevoke(body, work);
    default:
      return unreachable(body);
  }
}

function applyServiceBody(body: ServiceBody, work: Work): Outcome {
  switch (body.kind) {
    case 'register':
      return applyRegister(body, work);
    case 'updateInstance':
      return applyUpdate(body, work);
    case 'deregister':
      return applyDeregister(body, work);
    case 'setOverride':
      return applyOverride(body, work);
    case 'expireOverride':
      return applyExpireOverride(body, work);
    case 'setSettings':
      return applySettings(body, work);
    default:
      return unreachable(body);
  }
}

function applyOtherBody(body: OtherBody, work: Work): Outcome {
  switch (body.kind) {
    case 'transact':
      return applyTransact(body, work);
    case 'deleteTree':
      return applyDeleteTree(body, work);
    case 'setAcl':
      return applySetAcl(body, work);
    case 'setQuota':
      return applySetQuota(body, work);
    case 'reap':
      return applyReap(body, work);
    case 'skip':
    case 'markDigest':
      return { type: 'done' };
    default:
      return unreachable(body);
  }
}
