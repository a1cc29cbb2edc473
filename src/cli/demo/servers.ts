/** The web servers of the demonstration: processes that register themselves, stopped and started again. */
import { fileURLToPath } from 'node:url';
import { Supervised } from '../local/supervised.js';
import type { Step } from './steps.js';

const PROGRAM = fileURLToPath(new URL('./web-server.js', import.meta.url));
const IDS = ['red', 'green', 'blue'] as const;
/** Away for long enough to be seen. */
const AWAY_MS = 3_000;
/** An older step belongs to an earlier change. */
const STEPS_KEPT_MS = 1_000;

type ErrorListener = (id: string, line: string) => void;

export class WebServers {
  readonly ids = IDS;
  readonly #processes: Map<string, Supervised>;
  readonly #steps = new Map<string, Step>();
  #next = IDS.length - 1;

  constructor(endpoints: string, onError: ErrorListener) {
    this.#processes = new Map(IDS.map((id) => [id, this.#create(id, endpoints, onError)]));
  }

  start(): void {
    for (const server of this.#processes.values()) server.start();
  }

  /** Asks the next one, in turn, to leave; it comes back by itself. */
  stopOne(): string {
    const id = IDS[this.#next]!;
    this.#next = (this.#next + 1) % IDS.length;
    this.#processes.get(id)?.kill('SIGTERM');
    return id;
  }

  /** When the server itself took the step, on `clockMs`, if it told lately. */
  stepTime(id: string, step: Step['step'], now: number): number | undefined {
    const found = this.#steps.get(`${id} ${step}`);
    return found !== undefined && now - found.at < STEPS_KEPT_MS ? found.at : undefined;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#processes.values()].map((server) => server.stop()));
  }

  #create(id: string, endpoints: string, onError: ErrorListener): Supervised {
    return new Supervised({
      name: id,
      args: [PROGRAM, endpoints, id],
      withIpc: true,
      restartAfterMs: () => AWAY_MS,
      onErrorLine: (line) => onError(id, line),
      onMessage: (message) => {
        const step = message as Step;
        this.#steps.set(`${id} ${step.step}`, step);
      },
    });
  }
}
