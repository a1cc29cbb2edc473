/** What a simulated client asks for: nodes that stay, nodes that die with it, its own node, and its place on the roll. */
import { encodeInstance } from '../../src/codec/instance.js';
import type { CommandBody } from '../../src/types/command.js';
import type { Revision } from '../../src/types/ids.js';
import type { Outcome } from '../../src/types/outcome.js';
import type { SeededRandom } from './world.js';

/** A place on the roll, and the revision that gave it. */
export interface Claim {
  readonly id: string;
  readonly incarnation: Revision;
}

const NODE = {
  kind: 'create',
  nodeKind: 'persistent',
  sequential: false,
  ttlMs: 0,
  acl: [],
} as const;
const IDS = ['a', 'b', 'c'];
const SERVICE = 'web';

export class Changes {
  readonly #name: string;
  readonly #port: number;
  readonly #random: SeededRandom;

  constructor(name: string, port: number, random: SeededRandom) {
    this.#name = name;
    this.#port = port;
    this.#random = random;
  }

  /** First of all: the node that only this client writes. */
  own(mark: string): CommandBody {
    return { ...NODE, path: `/own/${this.#name}`, data: bytes(mark) };
  }

  draw(mark: string, claim: Claim | undefined): CommandBody {
    if (this.#random.below(600) === 0) return { kind: 'closeSession' };
    const chance = this.#random.below(200);
    if (chance < 40) return this.#onRoll(mark, claim);
    if (chance < 90)
      return { kind: 'set', path: `/own/${this.#name}`, data: bytes(mark), version: -1 };
    const isEphemeral = chance < 130;
    const path = isEphemeral ? '/eph/n-' : '/log/n-';
    const nodeKind = isEphemeral ? 'ephemeral' : 'persistent';
    return { ...NODE, path, data: bytes(mark), nodeKind, sequential: true };
  }

  #onRoll(mark: string, claim: Claim | undefined): CommandBody {
    const chance = this.#random.below(10);
    const service = SERVICE;
    if (claim !== undefined && chance < 7)
      return { kind: 'updateInstance', service, ...claim, data: this.#data(claim.id, mark) };
    if (claim !== undefined && chance < 8)
      return { kind: 'deregister', service, ...claim, who: '', why: '' };
    const id = IDS[this.#port % IDS.length]!;
    const at = { address: '10.0.0.1', port: this.#port };
    const takeover = this.#random.below(6) === 0;
    return {
      kind: 'register',
      service,
      id,
      ...at,
      isStatic: false,
      takeover,
      data: this.#data(id, mark),
    };
  }

  #data(id: string, mark: string): Uint8Array {
    return encodeInstance({
      service: SERVICE,
      id,
      address: '10.0.0.1',
      port: this.#port,
      ports: {},
      protocol: 'http',
      basePath: '',
      weight: 100,
      zone: '',
      tags: { mark },
      state: 'UP',
      registeredAt: 0,
    });
  }

  claimAfter(claim: Claim | undefined, body: CommandBody, outcome: Outcome): Claim | undefined {
    if (body.kind === 'register' && outcome.type === 'registered')
      return { id: body.id, incarnation: outcome.stat.incarnation };
    const isMine = 'incarnation' in body && body.incarnation === claim?.incarnation;
    if (isMine && (outcome.type === 'deleted' || outcome.type === 'refused')) return undefined;
    return claim;
  }

  /** What should not be answered to this. */
  problemWith(body: CommandBody, outcome: Outcome): string | undefined {
    if (outcome.type !== 'refused') return undefined;
    if (body.kind === 'register' && outcome.code === 'ID_IN_USE' && !body.takeover)
      return undefined;
    const isGone = outcome.code === 'REPLACED' || outcome.code === 'NO_NODE';
    if ('incarnation' in body && isGone) return undefined;
    return `was refused: ${outcome.code}`;
  }
}

const encoder = new TextEncoder();
const bytes = (text: string): Uint8Array => encoder.encode(text);
