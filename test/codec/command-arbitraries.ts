/** Arbitrary bodies, stats and outcomes within the limits. */
import fc from 'fast-check';
import type { CommandBody, Guard } from '../../src/types/command.js';
import { REFUSAL_CODES } from '../../src/types/errors.js';
import { asRevision, asSessionId, asTerm } from '../../src/types/ids.js';
import type { NodeStat } from '../../src/types/node.js';
import type { Outcome } from '../../src/types/outcome.js';
import { nameProblem } from '../../src/types/path.js';

const count = fc.oneof(fc.nat(), fc.maxSafeNat());
const revision = count.map(asRevision);
const session = count.map(asSessionId);
const text = fc.string({ maxLength: 40 });
export const anyName = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 8 })
  .filter((name) => nameProblem(name) === undefined);
export const anyPath = fc.array(anyName, { maxLength: 4 }).map((names) => `/${names.join('/')}`);
export const anyData = fc.uint8Array({ maxLength: 64 });
const version = fc.integer({ min: -1, max: 2 ** 31 - 1 });
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });

const anyKind = fc.constantFrom('persistent', 'ephemeral', 'container', 'ttl' as const);
export const anyAcl = fc.array(
  fc
    .record({
      who: fc.oneof(
        fc.record({ scheme: fc.constant('world'), id: fc.constant('anyone') }),
        fc.record({ scheme: fc.constant('ip'), id: fc.oneof(fc.ipV4(), fc.ipV6()) }),
        fc.record({ scheme: fc.constantFrom('auth', 'digest', 'x509'), id: text }),
      ),
      permissions: fc.integer({ min: 0, max: 31 }),
    })
    .map(({ who, permissions }) => ({ ...who, permissions })),
  { maxLength: 3 },
);

const anyCreate = fc
  .record({
    kind: fc.constant('create' as const),
    path: anyPath,
    data: anyData,
    nodeKind: anyKind,
    sequential: fc.boolean(),
    ttlMs: fc.integer({ min: 1, max: 2 ** 40 }),
    acl: anyAcl,
  })
  .map((body) => (body.nodeKind === 'ttl' ? body : { ...body, ttlMs: 0 }));
const anySet = fc.record({
  kind: fc.constant('set' as const),
  path: anyPath,
  data: anyData,
  version,
});
const anyDelete = fc.record({ kind: fc.constant('delete' as const), path: anyPath, version });
const anyGuard: fc.Arbitrary<Guard> = fc.record(
  {
    path: anyPath,
    exists: fc.boolean(),
    version: count,
    createRevision: revision,
    modifyRevision: revision,
    childrenRevision: revision,
    owner: session,
    data: anyData,
  },
  { requiredKeys: ['path'] },
);
const anyInstanceBody: fc.Arbitrary<CommandBody> = fc.oneof(
  fc.record({
    kind: fc.constant('register' as const),
    service: anyName,
    id: anyName,
    address: fc.string({ minLength: 1, maxLength: 40 }),
    port: fc.integer({ min: 0, max: 65_535 }),
    data: anyData,
    isStatic: fc.boolean(),
    takeover: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('updateInstance' as const),
    service: anyName,
    id: anyName,
    data: anyData,
    incarnation: revision,
  }),
  fc.record({
    kind: fc.constant('deregister' as const),
    service: anyName,
    id: anyName,
    incarnation: revision,
    who: text,
    why: text,
  }),
  fc.record({
    kind: fc.constant('setOverride' as const),
    service: anyName,
    id: anyName,
    action: fc.constantFrom('drain', 'deregister', 'lift' as const),
    who: text,
    reason: text,
    until: count,
  }),
  fc.record({
    kind: fc.constant('expireOverride' as const),
    service: anyName,
    id: anyName,
    revision,
  }),
  fc.record({
    kind: fc.constant('setSettings' as const),
    service: anyName,
    data: anyData,
    version,
    who: text,
    why: text,
  }),
);

const anyUpkeepBody: fc.Arbitrary<CommandBody> = fc.oneof(
  fc.record({ kind: fc.constant('deleteTree' as const), path: anyPath }),
  fc.record({ kind: fc.constant('setAcl' as const), path: anyPath, acl: anyAcl, version }),
  fc.record({
    kind: fc.constant('setQuota' as const),
    path: anyPath,
    limits: fc.record({ nodes: count, bytes: count }),
    who: text,
    why: text,
  }),
  fc.record({
    kind: fc.constant('reap' as const),
    path: anyPath,
    createRevision: revision,
    modifyRevision: revision,
    createCount: count,
  }),
  fc.record({ kind: fc.constant('revokeSession' as const), session, who: text, why: text }),
);

export const anyBody: fc.Arbitrary<CommandBody> = fc.oneof(
  anyCreate,
  anySet,
  anyDelete,
  fc.record({
    kind: fc.constant('transact' as const),
    guards: fc.array(anyGuard, { maxLength: 4 }),
    operations: fc.array(fc.oneof(anyCreate, anySet, anyDelete), { maxLength: 4 }),
  }),
  fc
    .record({
      kind: fc.constant('openSession' as const),
      secretHash: hash,
      timeoutMs: fc.integer({ min: 2000, max: 600_000 }),
      graceMs: fc.integer({ min: 250, max: 2000 }),
      label: text,
    })
    .chain((body) => fc.constantFrom(body, { ...body, graceMs: 0 })),
  fc.record({ kind: fc.constant('attachSession' as const), session, secretHash: hash }),
  fc.constantFrom<CommandBody>({ kind: 'closeSession' }, { kind: 'skip' }, { kind: 'markDigest' }),
  fc.record({
    kind: fc.constant('detachSession' as const),
    session,
    epoch: count,
    term: count.map(asTerm),
  }),
  fc.record({
    kind: fc.constant('expireSession' as const),
    session,
    epoch: count,
    lastRevision: revision,
    term: count.map(asTerm),
    cause: fc.constantFrom('expiry', 'grace' as const),
  }),
  anyInstanceBody,
  anyUpkeepBody,
);

export const anyStat: fc.Arbitrary<NodeStat> = fc.record({
  createRevision: revision,
  modifyRevision: revision,
  childrenRevision: revision,
  createTime: count,
  modifyTime: count,
  version: count,
  createCount: count,
  aclVersion: count,
  owner: session,
  dataLength: count,
  childCount: count,
  kind: anyKind,
  ttlMs: count,
  ordinal: count,
  sequence: count,
  incarnation: revision,
});

const anyResult = fc.oneof(
  fc.record({ type: fc.constant('created' as const), path: anyPath, stat: anyStat }),
  fc.record({ type: fc.constant('set' as const), stat: anyStat }),
  fc.record({ type: fc.constant('deleted' as const) }),
);

const anyOverride = fc.record({
  action: fc.constantFrom('drain' as const, 'deregister' as const),
  who: text,
  reason: text,
  until: count,
  revision,
});

export const anyOutcome: fc.Arbitrary<Outcome> = fc.oneof(
  anyResult,
  fc.record({
    type: fc.constant('refused' as const),
    code: fc.constantFrom(...REFUSAL_CODES),
    position: fc.integer({ min: -1025, max: 1024 }),
    detail: text,
  }),
  fc.record({
    type: fc.constant('transacted' as const),
    results: fc.array(anyResult, { maxLength: 5 }),
  }),
  fc.record({
    type: fc.constant('attached' as const),
    session,
    epoch: count,
    timeoutMs: count,
    graceMs: count,
    lastSeq: count,
  }),
  fc.record({
    type: fc.constant('registered' as const),
    path: anyPath,
    stat: anyStat,
    tookOver: fc.boolean(),
  }),
  fc.record({
    type: fc.constant('registered' as const),
    path: anyPath,
    stat: anyStat,
    tookOver: fc.boolean(),
    override: anyOverride,
  }),
  fc.record({ type: fc.constant('done' as const) }),
  fc.record({ type: fc.constant('removed' as const), nodes: count }),
);
