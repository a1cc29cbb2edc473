/**
 * Runs, and the configurations inside some of them, as bytes. A run's entry bytes come last, so that a
 * writer may put `encodeRunHeader` and the run's own buffer on disk or wire as two parts, uncopied. Decoding
 * checks every invariant of `Run`; a decoded run's bytes are a view on the input.
 */
import { assert } from '../types/assert.js';
import { asIndex, asMemberId, asTerm } from '../types/ids.js';
import type {
  Configuration,
  ConfiguredMember,
  HardState,
  Run,
  RunKind,
  SnapshotMeta,
} from '../types/log.js';
import { type ByteReader, ByteWriter, decodeWith, tryRead } from './cursor.js';

const KINDS: readonly RunKind[] = ['command', 'noop', 'configuration'];

/** Far above any cluster that makes sense; keeps a hostile configuration small. */
const MEMBERS_MAX = 1024;
/** A DNS name has at most 253 bytes; member ids and names are shorter. */
const MEMBER_TEXT_BYTES_MAX = 512;

export function encodeRun(run: Run, writer: ByteWriter): void {
  encodeRunHeader(run, writer);
  writer.raw(run.bytes);
}

/** Everything but the entry bytes, which must follow at once. */
export function encodeRunHeader(run: Run, writer: ByteWriter): void {
  writer.u8(KINDS.indexOf(run.kind));
  writer.varint(run.term);
  writer.varint(run.first);
  writer.varint(run.time);
  writer.varint(run.count);
  const { offsets } = run;
  for (let i = 0; i < run.count; i++) writer.varint(offsets[i + 1]! - offsets[i]!);
}

/** `undefined` when the bytes at the reader are not a run. Other bytes may follow. */
export function decodeRun(reader: ByteReader): Run | undefined {
  return tryRead(reader, readRun);
}

export function readRun(reader: ByteReader): Run {
  const kind = KINDS[reader.u8()] ?? reader.fail('unknown kind of run');
  const term = asTerm(reader.varint());
  const first = asIndex(reader.varint());
  const time = reader.varint();
  const count = reader.count();
  if (term === 0 || first === 0 || count === 0) reader.fail('run without term, index or entry');
  if (!Number.isSafeInteger(first + count)) reader.fail('run past the last index');
  const offsets = readOffsets(reader, count);
  const run = { kind, term, first, time, count, offsets, bytes: reader.raw(offsets[count]!) };
  checkKind(run, reader);
  return run;
}

function readOffsets(reader: ByteReader, count: number): Uint32Array {
  const offsets = new Uint32Array(count + 1);
  let end = 0;
  for (let i = 1; i <= count; i++) {
    end += reader.varint();
    if (end > reader.remaining) reader.fail('run is cut short');
    offsets[i] = end;
  }
  return offsets;
}

function checkKind(run: Run, reader: ByteReader): void {
  if (run.kind === 'command') return;
  if (run.count !== 1) reader.fail('no-ops and configurations stand alone');
  if (run.kind === 'noop' && run.bytes.length > 0) reader.fail('no-op with a payload');
  if (run.kind === 'configuration' && decodeConfiguration(run.bytes) === undefined) {
    reader.fail('configuration run without a configuration');
  }
}

/** The payload of a configuration entry. */
export function encodeConfiguration(configuration: Configuration): Uint8Array {
  const writer = new ByteWriter();
  writeConfiguration(configuration, writer);
  return writer.finish();
}

export function decodeConfiguration(bytes: Uint8Array): Configuration | undefined {
  return decodeWith(bytes, readConfiguration);
}

export function writeConfiguration(configuration: Configuration, writer: ByteWriter): void {
  writeMembers(configuration.voters, writer);
  writeMembers(configuration.learners, writer);
}

/** Refuses an id that stands twice: a member is a voter or a learner, once. */
export function readConfiguration(reader: ByteReader): Configuration {
  const configuration = { voters: readMembers(reader), learners: readMembers(reader) };
  const members = [...configuration.voters, ...configuration.learners];
  if (new Set(members.map((member) => member.id)).size !== members.length) {
    reader.fail('member named twice');
  }
  return configuration;
}

function writeMembers(members: readonly ConfiguredMember[], writer: ByteWriter): void {
  assert(members.length <= MEMBERS_MAX, 'too many members');
  writer.varint(members.length);
  for (const member of members) {
    writer.text(member.id);
    writer.text(member.name);
    writer.text(member.peerAddress);
  }
}

function readMembers(reader: ByteReader): ConfiguredMember[] {
  const count = reader.count(3);
  if (count > MEMBERS_MAX) reader.fail('too many members');
  const members: ConfiguredMember[] = [];
  for (let i = 0; i < count; i++) {
    members.push({
      id: asMemberId(reader.text(MEMBER_TEXT_BYTES_MAX)),
      name: reader.text(MEMBER_TEXT_BYTES_MAX),
      peerAddress: reader.text(MEMBER_TEXT_BYTES_MAX),
    });
  }
  return members;
}

export function writeSnapshotMeta(meta: SnapshotMeta, writer: ByteWriter): void {
  writer.varint(meta.index);
  writer.varint(meta.term);
  writeConfiguration(meta.configuration, writer);
}

export function readSnapshotMeta(reader: ByteReader): SnapshotMeta {
  return {
    index: asIndex(reader.varint()),
    term: asTerm(reader.varint()),
    configuration: readConfiguration(reader),
  };
}

export function writeHardState(state: HardState, writer: ByteWriter): void {
  writer.varint(state.term);
  writer.text(state.votedFor ?? '');
  writer.varint(state.commitIndex);
}

export function readHardState(reader: ByteReader): HardState {
  const term = asTerm(reader.varint());
  const votedFor = reader.text(MEMBER_TEXT_BYTES_MAX);
  return {
    term,
    votedFor: votedFor === '' ? undefined : asMemberId(votedFor),
    commitIndex: asIndex(reader.varint()),
  };
}
