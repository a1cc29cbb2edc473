/**
 * Where requests come in. Each gets its place (a slot), and is refused here, before anything is
 * proposed, when it cannot be taken: such a refusal is certainly without effect. A change turned away
 * turns away all later ones of its session on that connection, until it is sent again (contract C5).
 */
import { encodeBody } from '../../codec/command.js';
import type { Tree } from '../../tree/tree.js';
import { unreachable } from '../../types/assert.js';
import type { CommandBody } from '../../types/command.js';
import { NO_SESSION, type Revision, type SessionId } from '../../types/ids.js';
import {
  ATTACHMENT_REQUESTS_MAX,
  PENDING_BYTES_MAX,
  PENDING_REQUESTS_MAX,
  REQUEST_TIMEOUT_MS_DEFAULT,
  REQUEST_TIMEOUT_MS_MAX,
  WATCHES_MAX,
} from '../../types/limits.js';
import { pathProblem } from '../../types/path.js';
import type { SessionReports } from '../leader/session-reports.js';
import type {
  AttachSessionRequest,
  OpenSessionRequest,
  ReadRequest,
  Request,
  TouchSessionRequest,
  WatchStart,
  WriteRequest,
} from '../service.js';
import type { WatchHub } from '../watches/watch-hub.js';
import type { OriginQueue } from '../writes/origin-queue.js';
import { type Failure, type Gate, notApplied, type Slot } from './gate.js';
import type { Reads } from './reads.js';

export interface IntakeHost {
  readonly origin: OriginQueue;
  readonly reads: Reads;
  readonly reports: SessionReports;
  readonly hub: WatchHub;
  nowMs(): number;
  tree(): Tree;
}

interface Timed {
  readonly id: number;
  readonly timeoutMs: number;
}

/** An answer that comes at the deadline finds nobody: deadlines are looked at once per Raft tick of 15 ms. */
const ANSWER_LEAD_MS = 40;
const ALIVE = { type: 'done' } as const;

export class Intake {
  readonly #host: IntakeHost;
  /** Set on the way out: nothing new is taken. */
  isLeaving = false;
  /** While set, this member shows and takes nothing. */
  closed: Failure | undefined;

  constructor(host: IntakeHost) {
    this.#host = host;
  }

  handle(gate: Gate, request: Request): void {
    if (this.closed !== undefined && 'id' in request) return gate.refuse(request.id, this.closed);
    this.#noteActivity(gate);
    switch (request.type) {
      case 'write':
        return this.#write(gate, request);
      case 'openSession':
        return this.#openSession(gate, request);
      case 'attachSession':
        return this.#attachSession(gate, request);
      case 'read':
        return this.#read(gate, request);
      case 'touch':
        return this.#touch(gate, request.number);
      case 'touchSession':
        return this.#touchSession(gate, request);
      case 'watch':
        return this.#watch(gate, request);
      case 'unwatch':
        return this.#unwatch(gate, request.watch);
      default:
        return unreachable(request);
    }
  }

  /** Any request of a session says that its client lives (contract S7). */
  #noteActivity(gate: Gate): void {
    if (gate.session === NO_SESSION) return;
    this.#host.reports.touch(gate.session, gate.epoch, this.#host.nowMs());
  }

  #write(gate: Gate, request: WriteRequest): void {
    const refusal = this.#overload(gate) ?? seqProblem(gate, request.seq);
    if (refusal !== undefined) return gate.refuse(request.id, refusal);
    if (request.seq === gate.nextSeq) gate.nextSeq++;
    const slot = gate.open(request.id, this.#deadline(request.timeoutMs));
    const { kind, seq } = request;
    const inSession = seq > 0;
    const sender = {
      kind,
      seq,
      session: inSession ? gate.session : NO_SESSION,
      epoch: inSession ? gate.epoch : 0,
      ackedSeq: inSession ? gate.ackedSeq : 0,
      identities: gate.identities,
    };
    this.#host.origin.add(sender, request.body, slot);
  }

  #openSession(gate: Gate, request: OpenSessionRequest): void {
    const { secretHash, graceMs, label } = request;
    const timeoutMs = request.timeoutMsWanted;
    const body = { kind: 'openSession', secretHash, timeoutMs, graceMs, label } as const;
    this.#command(gate, request, body);
  }

  #attachSession(gate: Gate, request: AttachSessionRequest): void {
    const { session, secretHash } = request;
    this.#command(gate, request, { kind: 'attachSession', session, secretHash });
  }

  /** A change outside any session's sequence. */
  #command(gate: Gate, request: Timed, body: CommandBody): void {
    const slot = this.#admit(gate, request);
    if (slot === undefined) return;
    const nobody = { session: NO_SESSION, epoch: 0, seq: 0, ackedSeq: 0 };
    const sender = { ...nobody, kind: body.kind, identities: gate.identities };
    this.#host.origin.add(sender, encodeBody(body), slot);
  }

  #read(gate: Gate, request: ReadRequest): void {
    const slot = this.#admit(gate, request, request);
    if (slot !== undefined) this.#host.reads.add(slot, request);
  }

  #touch(gate: Gate, number: number): void {
    if (gate.session === NO_SESSION) return;
    this.#host.reports.awaitLastTouch(gate, gate.session, (isAlive) => {
      if (isAlive) gate.pushUrgent({ type: 'touched', number });
    });
  }

  #touchSession(gate: Gate, request: TouchSessionRequest): void {
    const { session, secretHash } = request;
    const view = this.#host.tree().session(session);
    if (view === undefined)
      return gate.refuse(request.id, notApplied('SESSION_EXPIRED', 'no such session'));
    if (!this.#host.tree().isSecret(session, secretHash))
      return gate.refuse(request.id, notApplied('WRONG_SECRET', 'not the secret of this session'));
    const slot = this.#admit(gate, request);
    if (slot !== undefined) this.#awaitTouch(slot, session, view.epoch);
  }

  #awaitTouch(slot: Slot, session: SessionId, epoch: number): void {
    const { gate, id } = slot;
    this.#host.reads.track(slot);
    this.#host.reports.touch(session, epoch, this.#host.nowMs());
    this.#host.reports.awaitTouch(gate, session, (isAlive) => {
      const { revision } = this.#host.tree();
      if (isAlive) this.#host.reads.finish(slot, { type: 'outcome', id, outcome: ALIVE, revision });
      else this.#host.reads.fail(slot, notApplied('SESSION_EXPIRED', 'the session ended'));
    });
  }

  #watch(gate: Gate, request: WatchStart): void {
    const problem = pathProblem(request.path) ?? revisionProblem(request.start);
    if (problem !== undefined)
      return gate.refuse(request.id, notApplied('INVALID_ARGUMENT', problem));
    if (this.#host.hub.count >= WATCHES_MAX)
      return gate.refuse(request.id, notApplied('OVERLOADED', 'this member has too many watches'));
    const slot = this.#admit(gate, request, request);
    if (slot !== undefined) this.#host.reads.addWatch(slot, request);
  }

  /** It takes no place in the order: a start of that watch which still waits for its turn is called off. */
  #unwatch(gate: Gate, watch: number): void {
    this.#host.hub.stop(gate, watch);
    if (gate.workCount === 0) return;
    for (const slot of gate.openWork())
      if (slot.work?.type === 'watch' && slot.work.watch === watch)
        this.#host.reads.fail(slot, notApplied('ABORTED', 'the watch was ended before it began'));
  }

  /** A slot, or undefined when the request was refused. */
  #admit(gate: Gate, request: Timed, work?: ReadRequest | WatchStart): Slot | undefined {
    const refusal = this.#overload(gate);
    if (refusal === undefined)
      return gate.open(request.id, this.#deadline(request.timeoutMs), work);
    gate.refuse(request.id, refusal);
    return undefined;
  }

  #overload(gate: Gate): Failure | undefined {
    const { origin } = this.#host;
    if (this.isLeaving) return notApplied('UNAVAILABLE', 'this member is leaving');
    if (gate.openCount >= ATTACHMENT_REQUESTS_MAX)
      return notApplied('OVERLOADED', 'too many open requests on this connection');
    if (origin.count >= PENDING_REQUESTS_MAX || origin.bytes >= PENDING_BYTES_MAX)
      return notApplied('OVERLOADED', 'this member has too many changes under way');
    return undefined;
  }

  #deadline(timeoutMs: number): number {
    const wanted = Math.min(
      timeoutMs > 0 ? timeoutMs : REQUEST_TIMEOUT_MS_DEFAULT,
      REQUEST_TIMEOUT_MS_MAX,
    );
    return this.#host.nowMs() + wanted - Math.min(ANSWER_LEAD_MS, wanted / 4);
  }
}

function seqProblem(gate: Gate, seq: number): Failure | undefined {
  if (seq === 0) return undefined;
  if (gate.session === NO_SESSION) return sessionProblem(gate);
  if (seq > gate.nextSeq)
    return notApplied('OVERLOADED', `seq ${gate.nextSeq} was turned away and must come first`);
  return undefined;
}

function sessionProblem({ sessionEnd }: Gate): Failure {
  if (sessionEnd === undefined)
    return notApplied('NO_SESSION', 'this connection is not attached to a session');
  if (sessionEnd === 'moved')
    return notApplied('MOVED', 'another connection has attached to the session');
  return notApplied('SESSION_EXPIRED', `the session has ended: ${sessionEnd}`);
}

function revisionProblem(start: 'now' | 'snapshot' | Revision): string | undefined {
  if (typeof start === 'string') return undefined;
  return Number.isSafeInteger(start) && start >= 0 ? undefined : 'not a revision';
}
