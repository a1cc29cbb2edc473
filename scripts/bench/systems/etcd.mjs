/** Three etcd members on loopback, to measure beside: same disk, same fsync, same generators. */
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { end, freePorts, removeFolder, start, until } from '../processes.mjs';
import { VALUE } from '../settings.mjs';
import { openChannel } from './channel.mjs';
import { startedOrStopped } from './lifetime.mjs';

const QUOTA_BYTES = 8_000_000_000;
const KEY = Buffer.from('/bench-unary');
const WATCHED = Buffer.from('/bench-fanout');
const PUT = '/etcdserverpb.KV/Put';
const RANGE = '/etcdserverpb.KV/Range';
const STATUS = '/etcdserverpb.Maintenance/Status';
const WATCH = '/etcdserverpb.Watch/Watch';
/** What an attempt may take before the writer tries another member. */
const ATTEMPT_MS_MAX = 250;
/** What a write may take in all. */
const WRITE_MS_MAX = 5_000;

/** The few fields of etcd's public API that are asked for here. */
const { root } = protobuf.parse(`syntax = "proto3";
  message PutRequest { bytes key = 1; bytes value = 2; }
  message RangeRequest { bytes key = 1; }
  message RangeResponse { repeated KeyValue kvs = 2; }
  message KeyValue { bytes key = 1; int64 version = 4; }
  message StatusRequest {}
  message StatusResponse { Header header = 1; uint64 leader = 4; }
  message Header { uint64 member_id = 2; }
  message WatchCreate { bytes key = 1; }
  message WatchRequest { WatchCreate create_request = 1; }`);

function encode(type, message) {
  return Buffer.from(root.lookupType(type).encode(message).finish());
}

function decode(type, bytes) {
  const found = root.lookupType(type);
  return found.toObject(found.decode(bytes), { longs: String, arrays: true, defaults: true });
}

export async function startEtcd({ folder }) {
  const system = new Etcd(folder, await planMembers(folder));
  return startedOrStopped(system);
}

async function planMembers(folder) {
  const ports = await freePorts(6);
  const url = (port) => `http://127.0.0.1:${port}`;
  const names = ['n1', 'n2', 'n3'];
  const founders = names.map((name, i) => `${name}=${url(ports[i * 2 + 1])}`).join(',');
  return names.map((name, i) => {
    const [client, peer] = ports.slice(i * 2, i * 2 + 2);
    const flags = {
      '--name': name,
      '--data-dir': join(folder, name),
      '--initial-cluster': founders,
      '--listen-client-urls': url(client),
      '--advertise-client-urls': url(client),
      '--listen-peer-urls': url(peer),
      '--initial-advertise-peer-urls': url(peer),
      '--quota-backend-bytes': QUOTA_BYTES,
    };
    const address = `127.0.0.1:${client}`;
    return { name, address, args: Object.entries(flags).flat().map(String) };
  });
}

class Etcd {
  name = 'etcd';
  unary = {
    set: { path: PUT, message: encode('PutRequest', { key: KEY, value: VALUE }) },
    get: { path: RANGE, message: encode('RangeRequest', { key: KEY }) },
  };
  #folder;
  #members;

  constructor(folder, plans) {
    this.#folder = folder;
    this.#members = plans.map((plan) => ({
      ...plan,
      child: undefined,
      channel: openChannel(plan.address),
    }));
  }

  get members() {
    return this.#members.map((member) => ({ ...member, pid: member.child?.pid }));
  }

  get endpoints() {
    return this.#members.map(({ address }) => address);
  }

  async startAll() {
    for (const member of this.#members) this.#start(member);
    await this.leader();
  }

  async leader() {
    return until(async () => {
      const statuses = await Promise.all(this.#members.map(status));
      const i = statuses.findIndex((found) => found?.leader === found?.header.memberId);
      return statuses.every(Boolean) && i >= 0 && this.members[i];
    }, 'etcd has a leader');
  }

  signal({ name }, signal) {
    this.#find(name).child.kill(signal);
  }

  async restart({ name }) {
    const member = this.#find(name);
    await end(member.child);
    this.#start(member);
    await this.leader();
  }

  async prepareUnary() {
    await this.#members[0].channel.call(PUT, this.unary.set.message);
  }

  async writes() {
    const answer = await this.#members[0].channel.call(RANGE, this.unary.get.message);
    return Number(decode('RangeResponse', answer).kvs[0].version);
  }

  /** Keeps to the member that answered last; another one after any failure. */
  async openWriter() {
    const channels = this.#members.map(({ address }) => openChannel(address));
    let at = 0;
    const write = async () => {
      const deadline = performance.now() + WRITE_MS_MAX;
      for (;;) {
        try {
          return await channels[at].call(PUT, this.unary.set.message, ATTEMPT_MS_MAX);
        } catch (error) {
          at = (at + 1) % channels.length;
          if (performance.now() > deadline) throw error;
        }
      }
    };
    return { write, close: () => closeAll(channels) };
  }

  /** A key that subscribers watch, and how to change it. */
  async prepareFanout() {
    const { channel } = await this.leader();
    const change = (marker) =>
      channel.call(PUT, encode('PutRequest', { key: WATCHED, value: Buffer.from(marker) }));
    await change('before');
    const message = encode('WatchRequest', { createRequest: { key: WATCHED } });
    return { change, subscription: { kind: 'converse', path: WATCH, message }, close: () => {} };
  }

  async stop() {
    closeAll(this.#members.map(({ channel }) => channel));
    await Promise.all(this.#members.map(({ child }) => end(child)));
    removeFolder(this.#folder);
  }

  #find(name) {
    return this.#members.find((member) => member.name === name);
  }

  #start(member) {
    const env = { ...process.env, ETCD_UNSUPPORTED_ARCH: process.arch };
    member.child = start('etcd', member.args, { env, detached: true });
  }
}

function closeAll(channels) {
  for (const channel of channels) channel.close();
}

async function status({ channel }) {
  try {
    return decode('StatusResponse', await channel.call(STATUS, Buffer.alloc(0), 500));
  } catch {
    return undefined;
  }
}
