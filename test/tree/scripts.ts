/** Random histories in a world small enough that commands meet: few paths, few sessions, few ids. */
import fc from 'fast-check';
import type { CommandBody, Guard, TreeOperation } from '../../src/types/command.js';
import { asRevision, asSessionId, asTerm } from '../../src/types/ids.js';
import {
  type Asking,
  bytes,
  create,
  openBody,
  register,
  remove,
  secretHash,
  set,
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
  '/é',
);
const version = fc.constantFrom(-1, -1, -1, 0, 1);
const data = fc.constantFrom('', 'x', 'longer than the other one');
/** Ids are revisions of opens, which stand near the start. */
const session = fc.integer({ min: 0, max: 6 });
const epoch = fc.constantFrom(1, 1, 1, 1, 2, 2, 3);
const smallRevision = fc.integer({ min: 1, max: 60 }).map(asRevision);

const operation: fc.Arbitrary<TreeOperation> = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(path, data).map(([p, d]) => create(p, { data: bytes(d) })) },
  { weight: 2, arbitrary: path.map((p) => create(p, { nodeKind: 'ephemeral' })) },
  { weight: 1, arbitrary: path.map((p) => create(p, { sequential: true })) },
  { weight: 2, arbitrary: fc.tuple(path, data, version).map(([p, d, v]) => set(p, d, v)) },
  { weight: 2, arbitrary: fc.tuple(path, version).map(([p, v]) => remove(p, v)) },
);

const guard: fc.Arbitrary<Guard> = fc.record(
  {
    path,
    exists: fc.boolean(),
    version: fc.constantFrom(0, 1),
    createRevision: smallRevision,
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
    .map(([id, incarnation]) => ({
      kind: 'deregister' as const,
      service: 't',
      id,
      incarnation,
      who: '',
      why: '',
    })),
);

const command: fc.Arbitrary<CommandBody> = fc.oneof(
  { weight: 8, arbitrary: operation },
  { weight: 3, arbitrary: sessionCommand },
  { weight: 3, arbitrary: catalogCommand },
  { weight: 1, arbitrary: fc.constant({ kind: 'skip' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('transact' as const),
      guards: fc.array(guard, { maxLength: 2 }),
      operations: fc.array(operation, { maxLength: 4 }),
    }),
  },
);

const asking: fc.Arbitrary<Asking> = fc.oneof(
  { weight: 1, arbitrary: fc.constant({}) },
  {
    weight: 3,
    arbitrary: fc.record({
      session,
      epoch,
      seq: fc.constantFrom(0, 0, 1, 2, 3, 4),
      ackedSeq: fc.constantFrom(0, 0, 1, 2, 3),
    }),
  },
);

/** Starts with opens, so that most sessions exist. */
export const anyScript: fc.Arbitrary<Step[]> = fc
  .array(
    fc
      .record({ body: command, asking })
      .map((step) => (step.asking.session === 0 ? { ...step, asking: {} } : step)),
    { minLength: 10, maxLength: 60 },
  )
  .map((steps) => [
    ...[1, 2, 3].map((secret) => ({ body: openBody({ secret, graceMs: 1000 }), asking: {} })),
    ...steps,
  ]);

const override: fc.Arbitrary<CommandBody> = fc
  .tuple(fc.constantFrom('i', 'j'), fc.constantFrom('drain', 'deregister', 'lift'))
  .map(([id, action]) => ({
    kind: 'setOverride',
    service: 't',
    id,
    action,
    who: 'w',
    reason: 'r',
    until: 0,
  }));

/** The same with what the twin does not know: overrides, and origins that number their requests. */
export const anyWideScript: fc.Arbitrary<Step[]> = anyScript.chain((steps) =>
  fc
    .tuple(
      fc.array(fc.tuple(override, fc.nat())),
      fc.array(fc.boolean(), { minLength: 70, maxLength: 70 }),
    )
    .map(([overrides, forwarded]) => {
      const all = [...steps];
      for (const [body, at] of overrides)
        all.splice(3 + (at % all.length), 0, { body, asking: {} });
      let number = 0;
      return all.map((step, i) =>
        forwarded[i % 70] ? { ...step, asking: { ...step.asking, number: ++number } } : step,
      );
    }),
);
