/**
 * Runs nghttp2's h2load with one prepared gRPC frame. It is written in C and takes less of the machine
 * than any generator of our own would; what it cannot see is gRPC's status, so callers check effects.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { start } from './processes.mjs';
import { endedChildrenCpuSeconds } from './usage.mjs';

const UNIT_MS = { us: 0.001, ms: 1, s: 1000 };

/** As gRPC frames a message: not compressed, four bytes of length. */
function frameOf(message) {
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  return frame;
}

/** `{ perSecond, meanMs, worstMs, replyBytes, generatorCpu }`; throws when any request failed. */
export async function h2load({ folder, address, call, connections, depth, count }) {
  const file = join(folder, 'frame.bin');
  writeFileSync(file, frameOf(call.message));
  const cpuBefore = endedChildrenCpuSeconds();
  const startMs = performance.now();
  const text = await run([
    ...['-d', file, '-H', 'content-type: application/grpc', '-H', 'te: trailers'],
    ...['-n', String(count), '-c', String(connections), '-m', String(depth)],
    `http://${address}${call.path}`,
  ]);
  const seconds = (performance.now() - startMs) / 1000;
  const cpu = endedChildrenCpuSeconds();
  return { ...parse(text, count), generatorCpu: cpu && (cpu - cpuBefore) / seconds };
}

async function run(args) {
  const child = start('h2load', args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (part) => {
    text += part;
  });
  const { code } = await child.ended;
  if (code === -1)
    throw new Error(`h2load cannot be run (Debian: nghttp2-client): ${child.errorText}`);
  if (code !== 0) throw new Error(`h2load ended with ${code}: ${child.errorText}`);
  return text;
}

function parse(text, count) {
  const succeeded = Number(/(\d+) succeeded/.exec(text)?.[1]);
  if (succeeded !== count) throw new Error(`${succeeded} of ${count} requests succeeded`);
  const [, , max, mean] = /time for request:\s+(\S+)\s+(\S+)\s+(\S+)/.exec(text);
  return {
    perSecond: Number(/finished in [^,]+, ([\d.]+) req\/s/.exec(text)[1]),
    meanMs: milliseconds(mean),
    worstMs: milliseconds(max),
    replyBytes: Number(/\((\d+)\) data/.exec(text)?.[1]),
  };
}

function milliseconds(text) {
  const [, number, unit] = /^([\d.]+)(us|ms|s)$/.exec(text);
  return Number(number) * UNIT_MS[unit];
}
