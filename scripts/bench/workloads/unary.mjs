/**
 * Unary gRPC calls as any language makes them: durable writes and linearizable reads of one node of 100
 * bytes, at the leader, and the same load on a server that does nothing.
 */
import { h2load } from '../h2load.mjs';
import { makeFolder, removeFolder } from '../processes.mjs';
import { openChannel } from '../systems/channel.mjs';

const SHAPES = [
  { connections: 100, depth: 1 },
  { connections: 100, depth: 10 },
];
const FRAME_HEAD_BYTES = 5;
/** Answers differ by a byte or two: revisions grow. */
const REPLY_BYTES_SHARE_MIN = 0.95;

const GOALS = {
  floor: [],
  set: ['≥ 1.2 × etcd', '≥ 1 × etcd'],
  get: ['≥ 1 × etcd', '≥ 1 × etcd'],
};

export const unarySet = {
  name: 'unary-set',
  systems: ['rollcall', 'etcd'],
  prepare: (system) => system.prepareUnary(),
  cases: () => casesOf('set', checkedByWrites),
};

export const unaryGet = {
  name: 'unary-get',
  systems: ['rollcall', 'etcd'],
  prepare: (system) => system.prepareUnary(),
  cases: () => casesOf('get', checkedByBytes),
};

export const unaryFloor = {
  name: 'unary-floor',
  systems: ['grpc-js'],
  cases: () => casesOf('floor', (_, load) => load()),
};

function casesOf(kind, checked) {
  return SHAPES.map((shape, i) => ({
    label: `${shape.connections}x${shape.depth}`,
    unit: '/s',
    better: 'higher',
    goal: GOALS[kind][i],
    run: (context) => run({ ...context, shape, kind, checked }),
  }));
}

async function run({ system, settings, metered, shape, kind, checked }) {
  const { address } = await system.leader();
  const folder = makeFolder(settings.dir);
  const load = (count) => h2load({ folder, address, call: system.unary[kind], ...shape, count });
  try {
    const count = countFor(settings.seconds, await warmUp(load, settings.warmUpSeconds), shape);
    const found = await checked({ system, kind, address, count }, () => metered(() => load(count)));
    return { ...found, value: found.perSecond, details: { meanMs: found.meanMs } };
  } finally {
    removeFolder(folder);
  }
}

/** Grows until it lasts: answers the rate of the last run. */
async function warmUp(load, seconds) {
  const untilMs = performance.now() + seconds * 1000;
  let rate = (await load(1000)).perSecond;
  while (performance.now() < untilMs) rate = (await load(Math.ceil(rate * 0.5))).perSecond;
  return rate;
}

/** At least one request for each stream, or there would be fewer streams. */
function countFor(seconds, rate, { connections, depth }) {
  return Math.max(Math.ceil(seconds * rate), connections * depth);
}

/** Every request that was counted must have written. */
async function checkedByWrites({ system, count }, load) {
  const before = await system.writes();
  const found = await load();
  const written = (await system.writes()) - before;
  if (written !== count) throw new Error(`${count} requests made ${written} writes`);
  return found;
}

/** Every request that was counted must have been answered in full. */
async function checkedByBytes({ system, kind, address, count }, load) {
  const channel = openChannel(address);
  const reply = await channel.call(system.unary[kind].path, system.unary[kind].message);
  channel.close();
  const found = await load();
  const wanted = count * (FRAME_HEAD_BYTES + reply.length) * REPLY_BYTES_SHARE_MIN;
  if (found.replyBytes < wanted) {
    throw new Error(`${count} answers of ${reply.length} bytes came as ${found.replyBytes} bytes`);
  }
  return found;
}
