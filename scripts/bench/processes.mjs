/**
 * Every process and folder that a benchmark makes, so that nothing is left behind: not after an error,
 * not after Ctrl-C. Processes are ended by their ids; nothing is ever looked up by name.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const TMPFS_MAGIC = 0x01021994;
const STOP_MS_MAX = 15_000;
const ERROR_BYTES_MAX = 4096;

const running = new Set();
const folders = new Set();

/** A process that ends when this one does: its standard input is a pipe that breaks with us. */
export function start(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ['pipe', 'ignore', 'pipe'], ...options });
  running.add(child);
  child.stdin?.on('error', () => {});
  child.errorText = '';
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    child.errorText = (child.errorText + text).slice(-ERROR_BYTES_MAX);
  });
  child.ended = new Promise((resolve) => {
    child.once('error', (error) => {
      child.errorText = error.message;
      resolve({ code: -1, signal: null });
    });
    child.once('exit', (code, signal) => resolve({ code, signal }));
  }).finally(() => running.delete(child));
  return child;
}

/** Resolves when it is gone. */
export async function end(child, signal = 'SIGKILL') {
  child.kill(signal);
  const hard = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
  await child.ended;
  clearTimeout(hard);
}

/** On a real disk: a file system in memory would make every fsync free. */
export function makeFolder(base = diskFolder()) {
  const folder = mkdtempSync(join(base, 'rollcall-bench-'));
  folders.add(folder);
  return folder;
}

export function removeFolder(folder) {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  folders.delete(folder);
}

function diskFolder() {
  const found = [tmpdir(), '/var/tmp'].find((folder) => !isInMemory(folder));
  if (found === undefined) throw new Error('no temporary folder is on a disk: name one with --dir');
  return found;
}

function isInMemory(folder) {
  try {
    return statfsSync(folder).type === TMPFS_MAGIC;
  } catch {
    return true;
  }
}

/** Held open together, so that all differ. */
export async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  const listening = (server) => new Promise((resolve) => server.once('listening', resolve));
  await Promise.all(servers.map(listening));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Polls until the answer is neither undefined nor false. */
export async function until(look, what, timeoutMs = 30_000) {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export async function endEverything() {
  const children = [...running];
  for (const child of children) child.kill('SIGKILL');
  await Promise.all(children.map((child) => child.ended));
  for (const folder of [...folders]) removeFolder(folder);
}

export function endOnSignals() {
  for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 })) {
    process.once(signal, () => void endEverything().finally(() => process.exit(code)));
  }
}
