/**
 * Whether a command's body is one that the tree may be given: paths, names, numbers and sizes. Asked by a
 * member before it proposes, so that clients get a typed refusal, and again when an entry is decoded, so
 * that apply is total (build rule R25). Says nothing about the state of the tree.
 */
import type {
  CommandBody,
  Create,
  Guard,
  Register,
  SetOverride,
  SetQuota,
  SetSettings,
  Transact,
} from '../types/command.js';
import { RollcallError } from '../types/errors.js';
import {
  ACL_ENTRIES_MAX,
  NODE_DATA_BYTES_MAX,
  SESSION_GRACE_MS_MIN,
  SESSION_LABEL_BYTES_MAX,
  SESSION_TIMEOUT_MS_MAX,
  SESSION_TIMEOUT_MS_MIN,
  SETTINGS_BYTES_MAX,
  TEXT_BYTES_MAX,
  TRANSACTION_OPERATIONS_MAX,
} from '../types/limits.js';
import type { AclEntry } from '../types/node.js';
import { nameProblem, pathProblem } from '../types/path.js';
import { parseIpRange } from './ip.js';

/** A version is a 32-bit number to ZooKeeper's clients. */
const VERSION_MAX = 0x7fff_ffff;
const SECRET_HASH_BYTES = 32;
const PORT_MAX = 65_535;
const PERMISSIONS_ALL = 31;

/** INVALID_ARGUMENT or TOO_LARGE, or undefined when the body may be proposed. */
export function validateBody(body: CommandBody): RollcallError | undefined {
  const problem = bodyProblem(body);
  if (problem === undefined) return undefined;
  const tooLarge = problem.startsWith('too large');
  return new RollcallError(tooLarge ? 'TOO_LARGE' : 'INVALID_ARGUMENT', problem);
}

/** Why the body may not be applied. */
export function bodyProblem(body: CommandBody): string | undefined {
  switch (body.kind) {
    case 'create':
      return createProblem(body);
    case 'set':
      return pathProblem(body.path) ?? versionProblem(body.version) ?? dataProblem(body.data);
    case 'delete':
      return pathProblem(body.path) ?? versionProblem(body.version);
    case 'transact':
      return transactProblem(body);
    case 'deleteTree':
    case 'setAcl':
    case 'setQuota':
    case 'reap':
      return pathProblem(body.path) ?? upkeepProblem(body);
    case 'register':
    case 'updateInstance':
    case 'deregister':
    case 'setOverride':
    case 'expireOverride':
    case 'setSettings':
      return nameProblem(body.service) ?? catalogProblem(body);
    default:
      return sessionProblem(body);
  }
}

type UpkeepBody = Extract<CommandBody, { kind: 'deleteTree' | 'setAcl' | 'setQuota' | 'reap' }>;

function upkeepProblem(body: UpkeepBody): string | undefined {
  switch (body.kind) {
    case 'deleteTree':
      return undefined;
    case 'setAcl':
      return versionProblem(body.version) ?? aclProblem(body.acl);
    case 'setQuota':
      return quotaProblem(body);
    default:
      return (
        countProblem('createRevision', body.createRevision) ??
        countProblem('modifyRevision', body.modifyRevision) ??
        countProblem('createCount', body.createCount)
      );
  }
}

function quotaProblem({ limits, who, why }: SetQuota): string | undefined {
  return (
    countProblem('nodes', limits.nodes) ??
    countProblem('bytes', limits.bytes) ??
    textProblem('who', who) ??
    textProblem('why', why)
  );
}

type SessionBody = Exclude<
  CommandBody,
  UpkeepBody | CatalogBody | { kind: 'create' | 'set' | 'delete' | 'transact' }
>;

function sessionProblem(body: SessionBody): string | undefined {
  switch (body.kind) {
    case 'closeSession':
    case 'skip':
    case 'markDigest':
      return undefined;
    case 'openSession':
      return (
        hashProblem(body.secretHash) ??
        timesProblem(body.timeoutMs, body.graceMs) ??
        textProblem('label', body.label, SESSION_LABEL_BYTES_MAX)
      );
    case 'attachSession':
      return countProblem('session', body.session) ?? hashProblem(body.secretHash);
    case 'revokeSession':
      return (
        countProblem('session', body.session) ??
        textProblem('who', body.who) ??
        textProblem('why', body.why)
      );
    default:
      return countProblem('session', body.session) ?? countProblem('epoch', body.epoch);
  }
}

function createProblem(body: Create): string | undefined {
  const problem = pathProblem(body.path, body.sequential) ?? dataProblem(body.data);
  if (problem !== undefined) return problem;
  if (!Number.isSafeInteger(body.ttlMs) || body.ttlMs < 0) return 'ttl is not a count';
  if (body.ttlMs > 0 !== (body.nodeKind === 'ttl')) return 'ttl and kind of node disagree';
  return body.acl.length === 0 ? undefined : aclProblem(body.acl);
}

function aclProblem(acl: readonly AclEntry[]): string | undefined {
  if (acl.length > ACL_ENTRIES_MAX) return 'too large: access list';
  for (const { scheme, id, permissions } of acl) {
    const problem = textProblem('scheme', scheme) ?? textProblem('id', id);
    if (problem !== undefined) return problem;
    if (scheme === '' || scheme.includes(':')) return 'bad scheme in access list';
    if (scheme === 'world' && id !== 'anyone') return 'the only id of scheme world is anyone';
    if (scheme === 'ip' && parseIpRange(id) === undefined) return 'neither an IP address nor CIDR';
    if (!Number.isInteger(permissions) || permissions < 0 || permissions > PERMISSIONS_ALL) {
      return 'bad permissions in access list';
    }
  }
  return undefined;
}

function transactProblem(body: Transact): string | undefined {
  const { guards, operations } = body;
  if (guards.length > TRANSACTION_OPERATIONS_MAX) return 'too large: guards';
  if (operations.length > TRANSACTION_OPERATIONS_MAX) return 'too large: operations';
  for (const guard of guards) {
    const problem = guardProblem(guard);
    if (problem !== undefined) return problem;
  }
  for (const operation of operations) {
    const problem = bodyProblem(operation);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function guardProblem(guard: Guard): string | undefined {
  return (
    pathProblem(guard.path) ??
    countProblem('version', guard.version ?? 0) ??
    countProblem('createRevision', guard.createRevision ?? 0) ??
    countProblem('modifyRevision', guard.modifyRevision ?? 0) ??
    countProblem('childrenRevision', guard.childrenRevision ?? 0) ??
    countProblem('owner', guard.owner ?? 0) ??
    (guard.data === undefined ? undefined : dataProblem(guard.data))
  );
}

type CatalogBody = Extract<CommandBody, { readonly service: string }>;

function catalogProblem(body: CatalogBody): string | undefined {
  return body.kind === 'setSettings' ? settingsBodyProblem(body) : instanceProblem(body);
}

function settingsBodyProblem({ data, version, who, why }: SetSettings): string | undefined {
  if (data.length > SETTINGS_BYTES_MAX) return 'too large: settings';
  return versionProblem(version) ?? textProblem('who', who) ?? textProblem('why', why);
}

function instanceProblem(body: Exclude<CatalogBody, SetSettings>): string | undefined {
  const problem = nameProblem(body.id);
  if (problem !== undefined) return problem;
  switch (body.kind) {
    case 'register':
      return registerProblem(body);
    case 'updateInstance':
      return countProblem('incarnation', body.incarnation) ?? dataProblem(body.data);
    case 'deregister':
      return (
        countProblem('incarnation', body.incarnation) ??
        textProblem('who', body.who) ??
        textProblem('why', body.why)
      );
    case 'setOverride':
      return overrideProblem(body);
    default:
      return countProblem('revision', body.revision);
  }
}

function registerProblem(body: Register): string | undefined {
  if (body.address === '') return 'address is empty';
  if (!Number.isInteger(body.port) || body.port < 0 || body.port > PORT_MAX) return 'bad port';
  return textProblem('address', body.address) ?? dataProblem(body.data);
}

function overrideProblem(override: SetOverride): string | undefined {
  return (
    textProblem('who', override.who) ??
    textProblem('reason', override.reason) ??
    countProblem('until', override.until)
  );
}

function versionProblem(version: number): string | undefined {
  if (Number.isInteger(version) && version >= -1 && version <= VERSION_MAX) return undefined;
  return 'bad version';
}

function dataProblem(data: Uint8Array): string | undefined {
  return data.length > NODE_DATA_BYTES_MAX ? 'too large: data' : undefined;
}

/** Four bytes a code unit would be more than UTF-8 ever takes; three is exact enough for a bound. */
function textProblem(name: string, text: string, bytesMax = TEXT_BYTES_MAX): string | undefined {
  return text.length * 3 > bytesMax && utf8Length(text) > bytesMax
    ? `too large: ${name}`
    : undefined;
}

function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0)!;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4;
  }
  return bytes;
}

function countProblem(name: string, value: number): string | undefined {
  return Number.isSafeInteger(value) && value >= 0 ? undefined : `${name} is not a count`;
}

function hashProblem(hash: Uint8Array): string | undefined {
  return hash.length === SECRET_HASH_BYTES ? undefined : 'secret hash must be 32 bytes';
}

function timesProblem(timeoutMs: number, graceMs: number): string | undefined {
  if (!Number.isSafeInteger(timeoutMs) || !Number.isSafeInteger(graceMs)) return 'bad timeout';
  if (timeoutMs < SESSION_TIMEOUT_MS_MIN || timeoutMs > SESSION_TIMEOUT_MS_MAX) {
    return `timeout outside ${SESSION_TIMEOUT_MS_MIN}..${SESSION_TIMEOUT_MS_MAX} ms`;
  }
  if (graceMs === 0) return undefined;
  if (graceMs < SESSION_GRACE_MS_MIN || graceMs > timeoutMs) return 'grace outside its bounds';
  return undefined;
}
