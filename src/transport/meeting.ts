/**
 * The founding meeting: every initial member asks every other who it is, until each has shown that it knows the
 * same ids for all; only then is the cluster's id computed. Nobody founds alone, on a list that another has not
 * confirmed, or over an existing cluster: a member whose disk is empty finds out here that it was one before.
 * Goes on answering after it is over, for founders that come late.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { ChannelCredentials, Client, ServiceError } from '@grpc/grpc-js';
import { PEER_PROTOCOL_VERSION } from '../codec/peer.js';
import { RollcallError } from '../types/errors.js';
import { asClusterId, asMemberId, type MemberId } from '../types/ids.js';
import type { ConfiguredMember } from '../types/log.js';
import type { Logger } from '../types/ports.js';
import {
  agrees,
  clusterIdOf,
  describeDifference,
  describeFounders,
  type Founded,
  type InitialMember,
  toFounders,
} from './founding.js';
import { resolveHostPort } from './grpc/address.js';
import { dialPeer, type MeetMessage, PEER_METHODS } from './grpc/service.js';

export interface MeetingOptions {
  readonly self: { readonly id: MemberId; readonly name: string };
  readonly initialMembers: readonly InitialMember[];
  /** When this member belongs to a cluster already: nobody is asked, others are answered. */
  readonly known?: Founded;
  /** Addresses of an existing cluster to join instead of founding one. */
  readonly joinVia?: readonly string[];
  readonly credentials: ChannelCredentials;
  readonly logger: Logger;
  readonly signal?: AbortSignal;
}

const ASK_TIMEOUT_MS = 1_000;
/** Between two rounds of questions; founding is rare and small. */
const ROUND_MS = 50;
/** How often the log says who is missing. */
const REPORT_MS = 5_000;

export class Meeting {
  readonly #options: MeetingOptions;
  readonly #ids: Map<string, MemberId>;
  /** Those that know the same ids as this member. */
  readonly #agreed = new Set<string>();
  /** Why the others have not been met, by name. */
  readonly #missing = new Map<string, string>();
  #founded: Founded | undefined;

  constructor(options: MeetingOptions) {
    this.#options = options;
    this.#ids = new Map([[options.self.name, options.self.id]]);
    this.#founded = options.known;
  }

  /** What this member says of itself to whoever asks. */
  answer(): MeetMessage {
    const { self, initialMembers } = this.#options;
    const founders = this.#founded?.founders ?? describeFounders(initialMembers, this.#ids);
    return {
      name: self.name,
      memberId: self.id,
      clusterId: this.#founded?.clusterId ?? '',
      founders,
      protocolVersion: PEER_PROTOCOL_VERSION,
    };
  }

  async run(): Promise<Founded> {
    if (this.#founded !== undefined) return this.#founded;
    const { joinVia } = this.#options;
    if (joinVia === undefined) this.#checkSelf();
    let reportAt = performance.now() + REPORT_MS / 2;
    for (;;) {
      await (joinVia === undefined ? this.#askAll() : this.#askToJoin(joinVia));
      this.#founded ??= joinVia === undefined ? this.#maybeFound() : undefined;
      if (this.#founded !== undefined) return this.#founded;
      if (performance.now() >= reportAt) {
        this.#report();
        reportAt = performance.now() + REPORT_MS;
      }
      await this.#pause();
    }
  }

  #checkSelf(): void {
    const { self, initialMembers } = this.#options;
    const names = initialMembers.map((member) => member.name);
    if (!names.includes(self.name)) {
      throw invalid(`this member (${self.name}) is not among the initial members: ${names}`);
    }
    if (new Set(names).size !== names.length) throw invalid(`a name stands twice in: ${names}`);
  }

  #others(): InitialMember[] {
    const { self, initialMembers } = this.#options;
    return initialMembers.filter((member) => member.name !== self.name);
  }

  async #askAll(): Promise<void> {
    await Promise.all(this.#others().map((member) => this.#ask(member)));
  }

  /** Whoever answers first with a cluster says which one. */
  async #askToJoin(addresses: readonly string[]): Promise<void> {
    for (const address of addresses) {
      try {
        const answer = await askMember(address, this.answer(), this.#options.credentials);
        if (answer.clusterId !== '') {
          const clusterId = asClusterId(answer.clusterId);
          this.#founded = { clusterId, founders: toFounders(answer) };
          return;
        }
        this.#missing.set(address, 'belongs to no cluster yet');
      } catch (error) {
        this.#missing.set(address, (error as Error).message);
      }
    }
  }

  async #ask(member: InitialMember): Promise<void> {
    const { credentials } = this.#options;
    let answer: MeetMessage;
    try {
      answer = await askMember(member.peerAddress, this.answer(), credentials);
    } catch (error) {
      this.#missing.set(member.name, (error as Error).message);
      this.#agreed.delete(member.name);
      return;
    }
    this.#missing.delete(member.name);
    this.#consider(member, answer);
  }

  #consider(member: InitialMember, answer: MeetMessage): void {
    const { self, initialMembers } = this.#options;
    const there = `${member.name} (${member.peerAddress})`;
    if (answer.memberId === self.id) throw invalid(`the address of ${there} is this member's own`);
    if (answer.name !== member.name) {
      throw invalid(`the member at ${member.peerAddress} is ${answer.name}, not ${member.name}`);
    }
    if (answer.protocolVersion !== PEER_PROTOCOL_VERSION) {
      throw invalid(
        `${there} speaks peer protocol ${answer.protocolVersion}, not ${PEER_PROTOCOL_VERSION}`,
      );
    }
    if (answer.clusterId !== '') {
      this.#adopt(answer, there);
      return;
    }
    const difference = describeDifference(initialMembers, toFounders(answer));
    if (difference !== undefined) {
      throw invalid(`the initial members differ from those of ${there}: ${difference}`);
    }
    this.#ids.set(member.name, asMemberId(answer.memberId));
    if (agrees(answer, this.#ids)) this.#agreed.add(member.name);
    else this.#agreed.delete(member.name);
  }

  /** The cluster is founded; either this member is one of its founders, or it must not start. */
  #adopt(answer: MeetMessage, there: string): void {
    const { self } = this.#options;
    const clusterId = asClusterId(answer.clusterId);
    const founders = toFounders(answer);
    const isFounder = founders.some(({ name, id }) => name === self.name && id === self.id);
    if (!isFounder) {
      throw new RollcallError(
        'WRONG_CLUSTER',
        `the data directory is empty but the cluster already exists (${there} belongs to it); ` +
          'this member must rejoin as a new member',
      );
    }
    if (this.#founded !== undefined && this.#founded.clusterId !== clusterId) {
      throw new RollcallError('WRONG_CLUSTER', `${there} was founded in another cluster`);
    }
    this.#founded = { clusterId, founders };
  }

  #maybeFound(): Founded | undefined {
    if (!this.#others().every(({ name }) => this.#agreed.has(name))) return undefined;
    const founders: ConfiguredMember[] = this.#options.initialMembers.map((member) => ({
      id: this.#ids.get(member.name)!,
      name: member.name,
      peerAddress: member.peerAddress,
    }));
    return { clusterId: clusterIdOf(founders), founders };
  }

  #report(): void {
    const missing = Object.fromEntries(this.#missing);
    this.#options.logger.info({ missing }, 'waiting for other members');
  }

  async #pause(): Promise<void> {
    const { signal } = this.#options;
    try {
      await delay(ROUND_MS, undefined, signal === undefined ? {} : { signal });
    } catch (cause) {
      throw new RollcallError('ABORTED', 'the founding meeting was called off', { cause });
    }
  }
}

/** One question, on a connection of its own. */
export async function askMember(
  address: string,
  question: MeetMessage,
  credentials: ChannelCredentials,
): Promise<MeetMessage> {
  const place = await resolveHostPort(address);
  const client = dialPeer({ address, place, credentials });
  try {
    return await meet(client, question);
  } catch (cause) {
    const reason = (cause as ServiceError).details;
    throw new RollcallError('UNAVAILABLE', `${address}: ${reason}`, { cause });
  } finally {
    client.close();
  }
}

function meet(client: Client, question: MeetMessage): Promise<MeetMessage> {
  const { path, requestSerialize, responseDeserialize } = PEER_METHODS.meet;
  const deadline = Date.now() + ASK_TIMEOUT_MS;
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      question,
      { deadline },
      (error, answer) => (answer === undefined ? reject(error) : resolve(answer)),
    );
  });
}

function invalid(message: string): RollcallError {
  return new RollcallError('INVALID_ARGUMENT', message);
}
