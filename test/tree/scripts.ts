/** Random histories in a world small enough that commands meet: few paths, few sessions, few ids. */
import fc from 'fast-check';
import type { CommandBody, Guard, TreeOperation } from '../../src/types/command.js';
import { asRevision, asSessionId, asTerm } from '../../src/types/ids.js';
import type { AclEntry } from '../../src/types/node.js';
import {
  type Asking,
  bytes,
  create,
  openBody,
  register,
  remove,
  secretHash,
  set,
  setAcl,
} from './driver.js';

export interface Step {
  readonly body: CommandBody;
  readonly asking: Asking;
}

const path = fc.constantFrom(
  '/a',
  '/b',
  '/a/x',
  '/a/y',
  '/a/x/z',
  '/services',
  '/services/s',
  '/services/t',
  '/services/t/i',
  '/é',
);
const version = fc.constantFrom(-1, -1, -1, 0, 1);
const data = fc.constantFrom('', 'x', 'longer than the other one');
/** Ids are revisions of opens, which stand near the start. */
const session = fc.integer({ min: 0, max: 6 });
const epoch = fc.constantFrom(1, 1, 1, 1, 2, 2, 3);
const smallRevision = fc.integer({ min: 1, max: 60 }).map(asRevision);

/** Nobody may do all of it but Ann; some of it anyone may. */
const acl: fc.Arbitrary<readonly AclEntry[]> = fc.constantFrom(
  [],
  [{ scheme: 'digest', id: 'ann', permissions: 31 }],
  [
    { scheme: 'world', id: 'anyone', permissions: 1 | 4 },
    { scheme: 'digest', id: 'ann', permissions: 2 | 16 },
  ],
);

const operation: fc.Arbitrary<TreeOperation> = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(path, data).map(([p, d]) => create(p, { data: bytes(d) })) },
  { weight: 2, arbitrary: path.map((p) => create(p, { nodeKind: 'ephemeral' })) },
  { weight: 1, arbitrary: path.map((p) => create(p, { sequential: true })) },
  { weight: 1, arbitrary: path.map((p) => create(p, { nodeKind: 'container' })) },
  { weight: 1, arbitrary: fc.tuple(path, acl).map(([p, list]) => create(p, { acl: list })) },
  { weight: 2, arbitrary: fc.tuple(path, data, version).map(([p, d, v]) => set(p, d, v)) },
  { weight: 2, arbitrary: fc.tuple(path, version).map(([p, v]) => remove(p, v)) },
);

const guard: fc.Arbitrary<Guard> = fc.record(
  {
    path,
    exists: fc.boolean(),
    version: fc.constantFrom(0, 1),
    createRevision: smallRevision,
    childrenRevision: smallRevision,
    data: data.map(bytes),
    owner: session.map(asSessionId),
  },
  { requiredKeys: ['path'] },
);

const sessionCommand: fc.Arbitrary<CommandBody> = fc.oneof(
  fc
    .record({ secret: fc.integer({ min: 1, max: 4 }), graceMs: fc.constantFrom(0, 1000) })
    .map(openBody),
  fc.tuple(session, fc.integer({ min: 1, max: 4 })).map(([id, secret]) => ({
    kind: 'attachSession' as const,
    session: asSessionId(id),
    secretHash: secretHash(secret),
  })),
  fc.constant({ kind: 'closeSession' as const }),
  fc.tuple(session, epoch, fc.constantFrom(1, 1, 2)).map(([id, e, term]) => ({
    kind: 'detachSession' as const,
    session: asSessionId(id),
    epoch: e,
    term: asTerm(term),
  })),
  fc
    .tuple(
      session,
      epoch,
      fc.constantFrom(1, 1, 2),
      smallRevision,
      fc.constantFrom('expiry', 'grace' as const),
    )
    .map(([id, e, term, lastRevision, cause]) => ({
      kind: 'expireSession' as const,
      session: asSessionId(id),
      epoch: e,
      lastRevision,
      term: asTerm(term),
      cause,
    })),
);

const catalogCommand: fc.Arbitrary<CommandBody> = fc.oneof(
  fc
    .record({
      port: fc.constantFrom(1, 2),
      isStatic: fc.constantFrom(false, false, true),
      takeover: fc.constantFrom(false, false, true),
    })
    .chain((options) => fc.constantFrom('i', 'j').map((id) => register('t', id, options))),
  fc
    .tuple(fc.constantFrom('i', 'j'), fc.oneof(fc.constant(asRevision(0)), smallRevision))
    .chain(([id, incarnation]) =>
      fc.constantFrom('', 'ann').map((who) => ({
        kind: 'deregister' as const,
        service: 't',
        id,
        incarnation,
        who,
        why: '',
      })),
    ),
);

/** With numbers that seldom fit: a test may put in those that do. */
const reap: fc.Arbitrary<CommandBody> = fc.record({
  kind: fc.constant('reap' as const),
  path,
  createRevision: smallRevision,
  modifyRevision: smallRevision,
  createCount: fc.nat(2),
});

const operatorCommand: fc.Arbitrary<CommandBody> = fc.oneof(
  fc.record({
    kind: fc.constant('setOverride' as const),
    service: fc.constant('t'),
    id: fc.constantFrom('i', 'j'),
    action: fc.constantFrom('drain', 'deregister', 'lift', 'lift' as const),
    who: fc.constant('w'),
    reason: fc.constant('r'),
    until: fc.constant(0),
  }),
  fc.record({
    kind: fc.constant('expireOverride' as const),
    service: fc.constant('t'),
    id: fc.constantFrom('i', 'j'),
    revision: smallRevision,
  }),
  fc.record({
    kind: fc.constant('revokeSession' as const),
    session: session.map(asSessionId),
    who: fc.constant('ann'),
    why: fc.constant(''),
  }),
  fc.record({
    kind: fc.constant('setSettings' as const),
    service: fc.constantFrom('s', 't'),
    data: fc.constantFrom('', '{"policy":"p2c"}').map(bytes),
    version,
    who: fc.constant('ann'),
    why: fc.constant(''),
  }),
  fc.record({
    kind: fc.constant('setQuota' as const),
    path: fc.oneof(path, fc.constant('/')),
    limits: fc.record({ nodes: fc.nat(5), bytes: fc.constantFrom(0, 0, 20, 400) }),
    who: fc.constant('ann'),
    why: fc.constant(''),
  }),
);

const upkeepCommand: fc.Arbitrary<CommandBody> = fc.oneof(
  path.map((p) => ({ kind: 'deleteTree' as const, path: p })),
  fc.tuple(path, acl, version).map(([p, list, v]) => setAcl(p, list, v)),
  reap,
);

const command: fc.Arbitrary<CommandBody> = fc.oneof(
  { weight: 8, arbitrary: operation },
  { weight: 3, arbitrary: sessionCommand },
  { weight: 3, arbitrary: catalogCommand },
  { weight: 2, arbitrary: operatorCommand },
  { weight: 2, arbitrary: upkeepCommand },
  { weight: 1, arbitrary: fc.constantFrom({ kind: 'skip' as const }, { kind: 'markDigest' }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('transact' as const),
      guards: fc.array(guard, { maxLength: 2 }),
      operations: fc.array(operation, { maxLength: 4 }),
    }),
  },
);

const identities = fc.constantFrom<readonly string[]>([], ['digest:ann']);
const asking: fc.Arbitrary<Asking> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ identities }) },
  // The sessions opened at the start, as they are while nothing happened to them.
  {
    weight: 5,
    arbitrary: fc.record({
      session: fc.constantFrom(1, 2, 3),
      epoch: fc.constant(1),
      identities,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      session,
      epoch,
      seq: fc.constantFrom(0, 0, 1, 2, 3, 4),
      ackedSeq: fc.constantFrom(0, 0, 1, 2, 3),
      identities,
    }),
  },
);

const PLANTED: readonly CommandBody[] = [
  create('/a'),
  create('/a/x', { nodeKind: 'container' }),
  create('/a/x/z'),
  register('t', 'i', { port: 1 }),
];

/** Starts with opens and a few nodes, so that most of what is spoken of exists. */
export const anyScript: fc.Arbitrary<Step[]> = fc
  .array(
    fc
      .record({ body: command, asking })
      .map((step) => (step.asking.session === 0 ? { ...step, asking: {} } : step)),
    { minLength: 10, maxLength: 60 },
  )
  .map((steps) => [
    ...[1, 2, 3].map((secret) => ({ body: openBody({ secret, graceMs: 1000 }), asking: {} })),
    ...PLANTED.map((body) => ({ body, asking: { session: 1, epoch: 1 } })),
    ...steps,
  ]);

/** The same with what the twin does not know: origins that number their requests. */
export const anyWideScript: fc.Arbitrary<Step[]> = anyScript.chain((steps) =>
  fc.array(fc.boolean(), { minLength: 70, maxLength: 70 }).map((forwarded) => {
    let number = 0;
    return steps.map((step, i) =>
      forwarded[i % 70] ? { ...step, asking: { ...step.asking, number: ++number } } : step,
    );
  }),
);
