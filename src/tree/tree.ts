/**
 * The replicated state machine. Applying the same entries in the same order gives the same state, outcomes
 * and events on every member, whatever stands in them: refusals are outcomes, and nothing that an entry
 * holds makes apply throw (build rule R25). It reads no clock and awaits nothing.
 */

import { assert } from '../types/assert.js';
import type { Command, CommandBody, EntryContext, Envelope } from '../types/command.js';
import type { EventBatch, TreeEvent } from '../types/event.js';
import type { Revision } from '../types/ids.js';
import type { Applied } from '../types/outcome.js';
import { admit, storeOutcome } from './admission.js';
import { checkState } from './check.js';
import { applyBody } from './commands/apply.js';
import type { DirtyRows } from './dirty.js';
import type { HistoryOptions } from './history.js';
import { StateLoader } from './load.js';
import { TreeState } from './state.js';
import { TreeView } from './view.js';
import { NO_EVENTS, refused, type SessionChange, Work } from './work.js';

export type { Reapable, SessionView, SettingsView } from './view.js';
export type { SessionChange } from './work.js';

export interface ApplyResult {
  /** undefined: not the next request of its origin, so a no-op that answers nobody. */
  readonly applied: Applied | undefined;
  readonly events: readonly TreeEvent[];
  readonly session?: SessionChange;
}

/** Builds a tree from the rows of a checkpoint, in key order. */
export interface TreeLoader {
  add(rows: Parameters<StateLoader['add']>[0]): void;
  /** undefined when the rows do not make a state; compare `digest()` with the stored one besides. */
  finish(): Tree | undefined;
}

const SKIPPED: ApplyResult = { applied: undefined, events: NO_EVENTS };

export class Tree extends TreeView {
  constructor(options: HistoryOptions = {}, loaded?: TreeState) {
    super(loaded ?? new TreeState(options));
    if (loaded === undefined) this.state.tracker.created(this.state.nodes.root);
  }

  static load(revision: Revision, options: HistoryOptions = {}): TreeLoader {
    const loader = new StateLoader(revision, options);
    return {
      add: (rows) => loader.add(rows),
      finish: () => {
        const state = loader.finish();
        return state === undefined ? undefined : new Tree(options, state);
      },
    };
  }

  apply(command: Command, context: EntryContext): ApplyResult {
    this.advance(context.revision);
    const { envelope, body, bodyHash } = command;
    if (!this.state.origins.accept(envelope.origin)) return SKIPPED;
    const work = new Work(this.state, envelope, context);
    const answered = admit(work, bodyHash);
    const applied = answered ?? this.#decide(body, bodyHash, work);
    this.state.tracker.settle();
    return this.#finish(applied, work);
  }

  /**
   * An entry whose bytes are no command. With an envelope that could be read, its request is counted and
   * refused, so that those behind it are not held up.
   */
  applyUndecodable(context: EntryContext, envelope?: Envelope): ApplyResult {
    this.advance(context.revision);
    if (envelope === undefined || !this.state.origins.accept(envelope.origin)) return SKIPPED;
    const work = new Work(this.state, envelope, context);
    const outcome = refused('INVALID_ARGUMENT', 'the command cannot be read');
    const answered = admit(work, 0);
    if (answered === undefined) storeOutcome(work, 0, outcome);
    return this.#finish(answered ?? { outcome, revision: context.revision }, work);
  }

  /** Entries that are no commands consume revisions too. */
  advance(revision: Revision): void {
    assert(revision > this.state.revision, 'entries are applied in order, each once');
    this.state.revision = revision;
  }

  /** Of the whole state, 16 hex digits: equal on members that hold the same. */
  digest(): string {
    return this.state.tracker.digest.text();
  }

  /** Freezes what changed since the last call, as of this revision. */
  takeDirty(): DirtyRows {
    return this.state.tracker.takeDirty(this.revision);
  }

  get dirtyCount(): number {
    return this.state.tracker.dirtyCount;
  }

  /** Asserts every invariant; costs a walk over everything. */
  checkTree(): void {
    checkState(this.state);
  }

  #decide(body: CommandBody, bodyHash: number, work: Work): Applied {
    const outcome = applyBody(body, work);
    work.rememberLeaving();
    storeOutcome(work, bodyHash, outcome);
    return { outcome, revision: work.revision };
  }

  #finish(applied: Applied, work: Work): ApplyResult {
    const { events, change, revision } = work;
    if (events.length > 0) this.state.history.push({ revision, events } satisfies EventBatch);
    return change === undefined ? { applied, events } : { applied, events, session: change };
  }
}
