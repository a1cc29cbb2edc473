/**
 * Says in the log, once each time it becomes so, that the cluster has halted because the disks of too many
 * voters were damaged: nobody can be elected, and nothing is guessed.
 */
import { quorumSize } from '../../raft/quorum.js';
import type { ConfiguredMember } from '../../types/log.js';
import type { Logger } from '../../types/ports.js';
import type { Core } from '../core.js';

export class HaltNotice {
  readonly #logger: Logger;
  #isHalted = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  tick(core: Core): void {
    const damaged = core.hasQuorum ? [] : quarantinedVoters(core);
    const { voters } = core.raft.configuration;
    const wasHalted = this.#isHalted;
    this.#isHalted = voters.length - damaged.length < quorumSize(voters.length);
    if (!this.#isHalted || wasHalted) return;
    const names = damaged.map(({ name }) => name);
    this.#logger.error(
      { quarantined: names, voters: voters.length },
      `halted: ${names.length} of ${voters.length} voters are in quarantine, so no leader can be ` +
        'elected; what each of them says in its log tells which disk was damaged and where',
    );
  }
}

function quarantinedVoters(core: Core): ConfiguredMember[] {
  const own = core.status();
  return core.raft.configuration.voters.filter(({ id }) => {
    const status = id === own.id ? own : core.statuses.get(id)?.status;
    return status?.role === 'quarantined';
  });
}
