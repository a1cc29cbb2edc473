/**
 * Says in the log, once each time it becomes so, that members hold different states and no majority agrees:
 * who holds what, so that an operator can tell which of them to bring back or to replace.
 */
import type { Logger } from '../../types/ports.js';
import type { Core } from '../core.js';

export class SplitNotice {
  readonly #logger: Logger;
  #isSplit = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  tick(core: Core): void {
    const { split, raft } = core;
    const wasSplit = this.#isSplit;
    this.#isSplit = split !== undefined;
    if (wasSplit && split === undefined)
      this.#logger.warn({}, 'a majority of the members holds the same state again');
    if (split === undefined || wasSplit) return;
    const nameOf = (id: string) => raft.configuration.voters.find((v) => v.id === id)?.name ?? id;
    const digests = [...split.digests].map(([id, digest]) => [nameOf(id), digest]);
    this.#logger.error(
      { revision: split.revision, digests: Object.fromEntries(digests) },
      'corrupt: the members hold different states and no majority agrees, so nothing is served ' +
        'until another voter is back and decides it; with none to come, stop the one that is wrong ' +
        'and start the other again',
    );
  }
}
