/** Random but valid runs, configurations and messages, for the codecs' round trips. */
import fc from 'fast-check';
import { encodeConfiguration } from '../../src/codec/run.js';
import { asIndex, asMemberId, asTerm } from '../../src/types/ids.js';
import type { Configuration, ConfiguredMember, Run, SnapshotMeta } from '../../src/types/log.js';
import type { RaftMessage } from '../../src/types/message.js';

const anyId = () => fc.stringMatching(/^[0-9a-f]{16}$/).map(asMemberId);
const anyTerm = () => fc.integer({ min: 1, max: 2 ** 40 }).map(asTerm);
const anyIndex = () => fc.oneof(fc.nat(300), fc.maxSafeNat()).map(asIndex);

function anyMember(): fc.Arbitrary<ConfiguredMember> {
  return fc.record({
    id: anyId(),
    name: fc.string({ unit: 'grapheme', maxLength: 40 }),
    peerAddress: fc.string({ maxLength: 40 }),
  });
}

export function anyConfiguration(): fc.Arbitrary<Configuration> {
  return fc
    .tuple(fc.uniqueArray(anyMember(), { selector: (m) => m.id, maxLength: 9 }), fc.nat(9))
    .map(([members, voters]) => ({
      voters: members.slice(0, voters),
      learners: members.slice(voters),
    }));
}

export function anyRun(first = fc.integer({ min: 1, max: 2 ** 50 })): fc.Arbitrary<Run> {
  return fc.oneof(anyCommandRun(first), anySingleRun(first));
}

function anyCommandRun(first: fc.Arbitrary<number>): fc.Arbitrary<Run> {
  const entries = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 20 });
  return fc.record({ first, term: anyTerm(), time: fc.maxSafeNat(), entries }).map((parts) => ({
    kind: 'command' as const,
    term: parts.term,
    first: asIndex(parts.first),
    time: parts.time,
    count: parts.entries.length,
    offsets: offsetsOf(parts.entries),
    bytes: new Uint8Array(Buffer.concat(parts.entries)),
  }));
}

function anySingleRun(first: fc.Arbitrary<number>): fc.Arbitrary<Run> {
  const payload = fc.option(anyConfiguration().map(encodeConfiguration), { nil: undefined });
  return fc.record({ first, term: anyTerm(), time: fc.maxSafeNat(), payload }).map((parts) => ({
    kind: parts.payload === undefined ? ('noop' as const) : ('configuration' as const),
    term: parts.term,
    first: asIndex(parts.first),
    time: parts.time,
    count: 1,
    offsets: offsetsOf([parts.payload ?? new Uint8Array()]),
    bytes: new Uint8Array(parts.payload ?? []),
  }));
}

function offsetsOf(entries: readonly Uint8Array[]): Uint32Array {
  const offsets = new Uint32Array(entries.length + 1);
  entries.forEach((entry, i) => {
    offsets[i + 1] = offsets[i]! + entry.length;
  });
  return offsets;
}

/** Two runs that follow `prevIndex`, terms not falling. */
function anyRunsAfter(prevIndex: number): fc.Arbitrary<Run[]> {
  return fc.array(anyRun(fc.constant(1)), { maxLength: 3 }).map((runs) => {
    let next = prevIndex + 1;
    return runs.map((run, i) => {
      const placed = { ...run, first: asIndex(next), term: asTerm(i + 1) };
      next += run.count;
      return placed;
    });
  });
}

function anySnapshot(): fc.Arbitrary<SnapshotMeta> {
  return fc.record({ index: anyIndex(), term: anyTerm(), configuration: anyConfiguration() });
}

export function anyMessage(): fc.Arbitrary<RaftMessage> {
  const address = { from: anyId(), to: anyId(), term: anyTerm() };
  const of = <T extends RaftMessage['type']>(type: T) => ({ type: fc.constant(type), ...address });
  const round = fc.nat();
  return fc.oneof(
    fc.record({
      ...of('voteRequest'),
      pre: fc.boolean(),
      lastIndex: anyIndex(),
      lastTerm: anyTerm(),
      transfer: fc.boolean(),
    }),
    fc.record({ ...of('voteResponse'), pre: fc.boolean(), granted: fc.boolean() }),
    fc.integer({ min: 0, max: 2 ** 50 }).chain((prev) =>
      fc.record({
        ...of('append'),
        prevIndex: fc.constant(asIndex(prev)),
        prevTerm: anyTerm(),
        runs: anyRunsAfter(prev),
        commitIndex: anyIndex(),
        round,
      }),
    ),
    fc.record({
      ...of('appendResponse'),
      accepted: fc.boolean(),
      index: anyIndex(),
      hintIndex: anyIndex(),
      hintTerm: anyTerm(),
      round,
    }),
    fc.record({ ...of('heartbeat'), commitIndex: anyIndex(), round }),
    fc.record({ ...of('heartbeatResponse'), round }),
    fc.record({ ...of('readRequest'), id: fc.nat() }),
    fc.record({ ...of('readResponse'), id: fc.nat(), index: anyIndex() }),
    fc.record({ ...of('installSnapshot'), snapshot: anySnapshot() }),
    fc.record(of('timeoutNow')),
  );
}
