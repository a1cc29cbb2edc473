/**
 * A TCP proxy that breaks connections on purpose: refuses, closes, goes silent, delays, flips a byte,
 * cuts in the middle. Chance comes from a seed, so that a failure can be repeated.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export interface ProxyOptions {
  /** HOST:PORT behind the proxy. */
  readonly target: string;
  readonly seed?: number;
}

/** What happens to the bytes of one direction of one connection. */
interface Damage {
  /** Flip a bit of the byte at this offset. */
  flipAt: number | undefined;
  /** Close the connection after this many bytes. */
  cutAt: number | undefined;
}

export type Direction = 'toTarget' | 'toClient';

interface Link {
  readonly client: Socket;
  readonly target: Socket;
}

interface Pipe {
  readonly direction: Direction;
  readonly from: Socket;
  readonly to: Socket;
  readonly damage: Damage;
  readonly clientPort: number;
  passed: number;
  flipNextAt: number;
}

export class LinkProxy {
  readonly #server: Server;
  readonly #target: { host: string; port: number };
  readonly #random: () => number;
  readonly #links = new Set<Link>();
  readonly #next: Record<Direction, Damage> = { toTarget: noDamage(), toClient: noDamage() };
  #isRefusing = false;
  /** Of whose connections nothing passes, told by the port at the client's end. */
  #isSilent: (clientPort: number) => boolean = nobody;
  #delayMs: readonly [number, number] = [0, 0];
  #flipWithin = 0;

  private constructor(server: Server, options: ProxyOptions) {
    const colon = options.target.lastIndexOf(':');
    const port = Number(options.target.slice(colon + 1));
    this.#server = server;
    this.#target = { host: options.target.slice(0, colon), port };
    this.#random = randomFrom(options.seed ?? 1);
    server.on('connection', (client) => this.#accept(client));
  }

  static async start(options: ProxyOptions): Promise<LinkProxy> {
    const server = createServer({ noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new LinkProxy(server, options);
  }

  /** HOST:PORT to connect to instead of the target. */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get connections(): number {
    return this.#links.size;
  }

  /** Ends every connection; new ones are accepted. `reset`: without a word, as a dying machine does. */
  closeConnections(how: 'end' | 'reset' = 'end'): void {
    for (const { client, target } of this.#links) {
      for (const socket of [client, target]) {
        if (how === 'reset') socket.resetAndDestroy();
        else socket.destroy();
      }
    }
  }

  /** New connections are closed at once until `heal`. */
  refuse(): void {
    this.#isRefusing = true;
  }

  /**
   * Nothing passes any more, in either direction, and no connection is closed, until `heal`. `whose`: only
   * of those connections, told by the port at the client's end.
   */
  blackhole(whose: (clientPort: number) => boolean = everybody): void {
    this.#isSilent = whose;
    for (const link of this.#links) this.#holdIfSilent(link);
  }

  /** Every piece that passes from now on waits between the two, drawn from the seed. Order is kept. */
  delay(minMs: number, maxMs = minMs): void {
    this.#delayMs = [minMs, maxMs];
  }

  /** Flips one bit of the byte at `offset` of the next connection. */
  flipByteAt(offset: number, direction: Direction = 'toTarget'): void {
    this.#next[direction].flipAt = offset;
  }

  /** Flips a bit within each so many bytes of every connection made from now on, in both directions. */
  flipWithinEvery(bytes: number): void {
    this.#flipWithin = bytes;
  }

  /** Closes the next connection after `offset` bytes. */
  cutAt(offset: number, direction: Direction = 'toTarget'): void {
    this.#next[direction].cutAt = offset;
  }

  /** Everything passes again; what was held back comes first. */
  heal(): void {
    this.#isRefusing = false;
    this.#isSilent = nobody;
    this.#delayMs = [0, 0];
    this.#flipWithin = 0;
    this.#next.toTarget = noDamage();
    this.#next.toClient = noDamage();
    for (const { client, target } of this.#links) {
      client.resume();
      target.resume();
    }
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.closeConnections();
    await closed;
  }

  #accept(client: Socket): void {
    if (this.#isRefusing) {
      client.on('error', () => {});
      client.resetAndDestroy();
      return;
    }
    const target = connect({ ...this.#target, noDelay: true, allowHalfOpen: true });
    const link = { client, target };
    this.#links.add(link);
    this.#pipe({ direction: 'toTarget', from: client, to: target });
    this.#pipe({ direction: 'toClient', from: target, to: client });
    const forget = () => {
      this.#links.delete(link);
      client.destroy();
      target.destroy();
    };
    client.once('close', forget);
    target.once('close', forget);
    this.#holdIfSilent(link);
  }

  #holdIfSilent({ client, target }: Link): void {
    if (!this.#isSilent(client.remotePort ?? 0)) return;
    client.pause();
    target.pause();
  }

  #pipe(ends: Pick<Pipe, 'direction' | 'from' | 'to'>): void {
    const client = ends.direction === 'toTarget' ? ends.from : ends.to;
    const pipe = {
      ...ends,
      clientPort: client.remotePort ?? 0,
      damage: this.#next[ends.direction],
      passed: 0,
      flipNextAt: this.#drawFlip(0),
    };
    this.#next[ends.direction] = noDamage();
    let tail: Promise<void> = Promise.resolve();
    const inOrder = (work: () => void) => {
      const waited = this.#isDelaying() ? this.#wait() : undefined;
      tail = Promise.all([tail, waited]).then(work);
    };
    // A broken connection is what this class is for.
    ends.from.on('error', () => {});
    ends.from.on('data', (piece: Buffer) => inOrder(() => this.#pass(pipe, piece)));
    ends.from.once('end', () => inOrder(() => void ends.to.end()));
  }

  #drawFlip(from: number): number {
    return from + Math.floor(this.#random() * this.#flipWithin);
  }

  /** Nothing, when the offset lies outside. */
  #flip(piece: Buffer, offset: number): void {
    if (offset < 0 || offset >= piece.length) return;
    piece[offset]! ^= 1 << Math.floor(this.#random() * 8);
  }

  #isDelaying(): boolean {
    return this.#delayMs[1] > 0;
  }

  #wait(): Promise<void> {
    const [min, max] = this.#delayMs;
    return new Promise((resolve) => setTimeout(resolve, min + this.#random() * (max - min)));
  }

  #pass(pipe: Pipe, piece: Buffer): void {
    if (pipe.to.destroyed) return;
    const { flipAt, cutAt } = pipe.damage;
    const start = pipe.passed;
    pipe.passed += piece.length;
    if (flipAt !== undefined) this.#flip(piece, flipAt - start);
    if (this.#flipWithin > 0 && pipe.flipNextAt < pipe.passed) {
      this.#flip(piece, pipe.flipNextAt - start);
      pipe.flipNextAt = this.#drawFlip(pipe.passed);
    }
    if (cutAt !== undefined && pipe.passed >= cutAt) {
      pipe.to.write(piece.subarray(0, cutAt - start), () => pipe.to.destroy());
      pipe.from.destroy();
      return;
    }
    if (!pipe.to.write(piece)) this.#holdUntilDrained(pipe);
  }

  #holdUntilDrained(pipe: Pipe): void {
    pipe.from.pause();
    // Pieces read before the pause still come; one look at the end of the jam is enough.
    if (pipe.to.listenerCount('drain') > 0) return;
    pipe.to.once('drain', () => {
      if (!this.#isSilent(pipe.clientPort)) pipe.from.resume();
    });
  }
}

function noDamage(): Damage {
  return { flipAt: undefined, cutAt: undefined };
}

/** Mulberry32: small, and the same everywhere. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function everybody(): boolean {
  return true;
}

function nobody(): boolean {
  return false;
}
