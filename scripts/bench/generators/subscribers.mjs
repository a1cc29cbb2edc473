/**
 * Many subscribers in one process. A subscriber holds a change when a message that contains the change's
 * marker has arrived; messages are not decoded, which would measure the decoder. Times are of the
 * kernel's monotonic clock, which all processes of a machine share.
 */
import { openChannel } from '../systems/channel.mjs';
import { monotonicMs } from '../usage.mjs';
import { ownCpu, serveSteps } from './generator.mjs';

const STREAMS_PER_CONNECTION = 10;

let streams = 0;
let begun = 0;
let marker;
let arrivals = [];
let wake = () => {};
let failure;

/** Resolves when every subscriber has had its first message. */
async function open({ addresses, count, subscription }) {
  const connections = Math.ceil(count / STREAMS_PER_CONNECTION);
  const channels = Array.from({ length: connections }, (_, i) =>
    openChannel(addresses[i % addresses.length]),
  );
  for (streams = 0; streams < count; streams++) {
    follow(openStream(channels[streams % connections], subscription));
  }
  await new Promise((resolve, reject) => {
    wake = () => {
      if (failure !== undefined) reject(failure);
      else if (begun === streams) resolve();
    };
    wake();
  });
}

function openStream(channel, { kind, path, message }) {
  const request = Buffer.from(message, 'base64');
  if (kind === 'subscribe') return channel.subscribe(path, request);
  const stream = channel.converse(path);
  stream.write(request);
  return stream;
}

function follow(stream) {
  stream.once('data', () => {
    begun++;
    wake();
  });
  let held;
  stream.on('data', (bytes) => {
    if (marker === held || !bytes.includes(marker)) return;
    held = marker;
    arrivals.push(monotonicMs());
    if (arrivals.length >= streams) wake();
  });
  stream.on('error', (error) => {
    failure = error;
    wake();
  });
}

/** Armed before the change is made; `collect` answers when all hold it. */
function expect(request) {
  marker = Buffer.from(request.marker);
  arrivals = [];
}

function collect() {
  const cpu = ownCpu();
  return new Promise((resolve, reject) => {
    wake = () => {
      if (failure !== undefined) reject(failure);
      else if (arrivals.length >= streams) resolve({ arrivals, generatorCpu: cpu() });
    };
    wake();
  });
}

serveSteps({ open, expect, collect });
