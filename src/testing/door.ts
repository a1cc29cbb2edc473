/**
 * The address of one member for its clients: takes connections on a port of its own, which stays the same
 * through every restart, and passes their bytes on to the gRPC server of the member's present life. A
 * stopped member's connections stand still, new ones included; a dead one's are reset.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

const HOST = '127.0.0.1';

interface Pair {
  readonly outer: Socket;
  readonly inner: Socket;
}

export class Door {
  readonly address: string;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  /** Arrived while the member is stopped. */
  readonly #waiting = new Set<Socket>();
  /** Ends that the stopped member has not noticed. */
  #unnoticed: Socket[] = [];
  #port: number | undefined;
  #isHeld = false;

  static async open(): Promise<Door> {
    const server = createServer({ noDelay: true, pauseOnConnect: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, HOST, resolve);
    });
    return new Door(server);
  }

  private constructor(server: Server) {
    this.#server = server;
    this.address = `${HOST}:${(server.address() as AddressInfo).port}`;
    server.on('connection', (socket) => this.#take(socket));
  }

  /** The member serves behind this port from now on. */
  leadTo(port: number): void {
    this.#port = port;
  }

  hold(): void {
    this.#isHeld = true;
    for (const { outer, inner } of this.#pairs) {
      outer.unpipe(inner).pause();
      inner.unpipe(outer).pause();
    }
  }

  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    for (const pair of this.#pairs) join(pair);
    for (const socket of this.#unnoticed.splice(0)) socket.destroy();
    for (const socket of this.#waiting) this.#connect(socket);
    this.#waiting.clear();
  }

  /** The process behind it is gone: so are its connections. */
  cut(): void {
    this.#port = undefined;
    this.#isHeld = false;
    this.#unnoticed = [];
    for (const { outer, inner } of this.#pairs) {
      outer.destroy();
      inner.destroy();
    }
    for (const socket of this.#waiting) socket.destroy();
    this.#waiting.clear();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #take(socket: Socket): void {
    socket.on('error', ignore);
    if (this.#port === undefined) {
      socket.resetAndDestroy();
    } else if (this.#isHeld) {
      this.#waiting.add(socket);
      socket.once('close', () => this.#waiting.delete(socket));
    } else {
      this.#connect(socket);
    }
  }

  #connect(outer: Socket): void {
    const inner = connect({ host: HOST, port: this.#port!, noDelay: true });
    inner.on('error', ignore);
    const pair = { outer, inner };
    this.#pairs.add(pair);
    outer.once('close', () => this.#closed(pair, inner));
    inner.once('close', () => this.#closed(pair, outer));
    join(pair);
  }

  /**
   * What one side has sent before it closed still reaches the other, unless it closed by an error. A pair is
   * kept until both are closed: the other may never close by itself.
   */
  #closed(pair: Pair, other: Socket): void {
    if (other.closed) this.#pairs.delete(pair);
    if (this.#isHeld) this.#unnoticed.push(other);
    else if (!other.writableEnded) other.destroy();
  }
}

function join({ outer, inner }: Pair): void {
  outer.pipe(inner);
  inner.pipe(outer);
}

/** A connection that breaks is closed; that is all there is to know. */
function ignore(): void {}
