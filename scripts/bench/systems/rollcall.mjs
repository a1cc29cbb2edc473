/**
 * Three of our own members, built from this repository, on loopback. What every system under test
 * offers: `members`, `leader`, the prepared calls of the unary generators, a writer, and an end.
 */
import { join } from 'node:path';
import { connect } from '../../../dist/client/index.js';
import { codec, services } from '../../../dist/rpc/definitions.js';
import { root } from '../../staleness.mjs';
import { end, freePorts, removeFolder, start, until } from '../processes.mjs';
import { VALUE } from '../settings.mjs';
import { startedOrStopped } from './lifetime.mjs';

const MAIN = join(root, 'dist', 'cli', 'main.js');
const NODE = '/bench-unary';
const SERVICE = 'bench-fanout';

/** `profile`: a folder and a prefix; members then write processor profiles when they end. */
export async function startRollcall({ folder, profile }) {
  const plans = await planMembers(folder);
  const system = new Rollcall({ folder, plans, profile });
  return startedOrStopped(system);
}

async function planMembers(folder) {
  const ports = await freePorts(9);
  const names = ['r1', 'r2', 'r3'];
  const founders = names.map((name, i) => `${name}=127.0.0.1:${ports[i * 3 + 1]}`).join(',');
  return names.map((name, i) => {
    const [client, peer, http] = ports.slice(i * 3, i * 3 + 3);
    const flags = {
      '--name': name,
      '--data': join(folder, name),
      '--initial-members': founders,
      '--client-port': client,
      '--peer-port': peer,
      '--http-port': http,
      '--log-level': 'warn',
    };
    const args = [...Object.entries(flags).flat().map(String), '--exit-with-parent'];
    return { name, args, address: `127.0.0.1:${client}`, http: `127.0.0.1:${http}` };
  });
}

class Rollcall {
  name = 'rollcall';
  unary = {
    set: unaryCall(services.Tree.Set.path, 'SetRequest', { path: NODE, data: VALUE }),
    get: unaryCall(services.Tree.Get.path, 'GetRequest', { path: NODE }),
  };
  #folder;
  #profile;
  #members;
  #client;

  constructor({ folder, plans, profile }) {
    this.#folder = folder;
    this.#profile = profile;
    this.#members = plans.map((plan) => ({ ...plan, child: undefined }));
  }

  get members() {
    return this.#members.map((member) => ({ ...member, pid: member.child?.pid }));
  }

  get endpoints() {
    return this.#members.map(({ address }) => address);
  }

  /** For preparing and asking, never for measuring. */
  get client() {
    this.#client ??= connect(this.endpoints);
    return this.#client;
  }

  async startAll() {
    for (const member of this.#members) this.#start(member);
    await Promise.all(this.#members.map((member) => this.#untilReady(member)));
  }

  async leader() {
    return until(async () => {
      const members = await this.client.members().catch(() => []);
      const leader = members.find(({ role }) => role === 'leader');
      return this.members.find(({ name }) => name === leader?.name);
    }, 'a leader');
  }

  signal({ name }, signal) {
    this.#find(name).child.kill(signal);
  }

  /** Milliseconds from its start until it serves. */
  async restart({ name }) {
    const member = this.#find(name);
    await end(member.child);
    const startMs = performance.now();
    this.#start(member);
    await this.#untilReady(member);
    return performance.now() - startMs;
  }

  async restartAll() {
    await Promise.all(this.#members.map(({ child }) => end(child)));
    const startMs = performance.now();
    await this.startAll();
    return performance.now() - startMs;
  }

  async prepareUnary() {
    await this.client.create(NODE, VALUE);
  }

  /** How often the node was set: what shows that answers were more than refusals. */
  async writes() {
    const { stat } = await this.client.get(NODE);
    return stat.version;
  }

  /** A writer of one value at a time, as an application would have it. */
  async openWriter() {
    const client = connect(this.endpoints);
    const { path } = await client.create('/bench-writer-', '', { sequential: true });
    return { write: () => client.set(path, VALUE), close: () => client.close() };
  }

  /** A service with one instance that changes, and subscribers of the service. */
  async prepareFanout() {
    const { address } = await this.leader();
    const client = connect(address, { learnMembers: false });
    const registration = await client.register(SERVICE, { port: 80 }, { id: 'one' });
    return {
      change: (marker) => registration.set({ tags: { marker } }),
      subscription: {
        kind: 'subscribe',
        path: services.Catalog.Subscribe.path,
        message: codec('SubscribeRequest').encode({ service: SERVICE }),
      },
      close: () => client.close(),
    };
  }

  async stop() {
    await this.#client?.close();
    const signal = this.#profile === undefined ? 'SIGKILL' : 'SIGTERM';
    // A hung one wakes to die.
    for (const { child } of this.#members) child.kill('SIGCONT');
    await Promise.all(this.#members.map(({ child }) => end(child, signal)));
    removeFolder(this.#folder);
  }

  #find(name) {
    return this.#members.find((member) => member.name === name);
  }

  #start(member) {
    const args = [...this.#profileFlags(member), MAIN, 'serve', ...member.args];
    const env = { ...process.env, UV_THREADPOOL_SIZE: '8' };
    // A group of its own: Ctrl-C at the terminal is ours to pass on.
    member.child = start(process.execPath, args, { env, detached: true });
  }

  #profileFlags({ name }) {
    if (this.#profile === undefined) return [];
    const { folder, prefix } = this.#profile;
    const file = `${prefix}-${name}.cpuprofile`;
    return ['--cpu-prof', '--cpu-prof-dir', folder, '--cpu-prof-name', file];
  }

  #untilReady({ name, http, child }) {
    return until(async () => {
      if (child.exitCode !== null || child.signalCode !== null) {
        throw new Error(`${name} ended: ${child.errorText}`);
      }
      const answer = await fetch(`http://${http}/readyz`).catch(() => undefined);
      await answer?.text();
      return answer?.ok;
    }, `${name} serves`);
  }
}

function unaryCall(path, type, message) {
  return { path, message: codec(type).encode(message) };
}
