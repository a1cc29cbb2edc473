/** What operators ask and do, each a call of its own to whichever member answers. */
import { services } from '../../rpc/definitions.js';
import { isRollcallError } from '../../types/errors.js';
import { reader } from '../core/reader.js';
import type {
  Admin,
  AuditView,
  By,
  CallOptions,
  DepartureView,
  OverrideOptions,
  OverrideView,
  QuotaView,
  ServiceDetails,
  ServiceSettingsInput,
  ServiceSettingsView,
  SessionDetails,
  SessionSummary,
} from '../types.js';
import { byline } from './by.js';
import type { Questions } from './questions.js';
import { askService } from './service.js';
import {
  auditView,
  departureView,
  overrideView,
  quotaView,
  sessionView,
  settingsView,
} from './views.js';

export class AdminCalls implements Admin {
  readonly #questions: Questions;

  constructor(questions: Questions) {
    this.#questions = questions;
  }

  // ---- Sessions ----

  sessions(options: CallOptions = {}): AsyncIterable<SessionSummary> {
    return reader((over) => this.#sessions({ ...options, signal: over }), options.signal);
  }

  async session(id: number, options: CallOptions = {}): Promise<SessionDetails | undefined> {
    const terms = this.#questions.terms(options);
    const paths: string[] = [];
    for (let after = ''; ; ) {
      const request = { session: id, ...terms, limit: 0, after };
      const page = await this.#questions
        .read(services.Sessions.Get, request, options)
        .catch(noneWhen('SESSION_EXPIRED'));
      if (page?.session === undefined) return undefined;
      paths.push(...page.paths);
      if (page.nextAfter === '') return { ...sessionView(page.session), paths };
      after = page.nextAfter;
    }
  }

  async revokeSession(
    id: number,
    options: CallOptions & By = {},
  ): Promise<{ readonly revision: number; readonly nodes: number }> {
    const request = { session: id, ...byline(options) };
    const terms = { ...options, kind: 'once' } as const;
    const { revision, nodes } = await this.#questions.act(services.Sessions.Revoke, request, terms);
    return { revision, nodes };
  }

  // ---- Services ----

  service(service: string, options: CallOptions = {}): Promise<ServiceDetails> {
    return askService(this.#questions, service, options);
  }

  async setService(
    service: string,
    settings: ServiceSettingsInput,
    options: CallOptions & By & { readonly version?: number | undefined } = {},
  ): Promise<ServiceSettingsView> {
    const { version } = options;
    const { policy = '', minimumHealthy = 0, fields = {} } = settings;
    const wanted = { policy, minimumHealthy, fields };
    const request = { service, settings: wanted, version, ...byline(options) };
    const kind = version === undefined ? 'repeatable' : 'once';
    const method = services.Catalog.SetService;
    const answer = await this.#questions.act(method, request, { ...options, kind });
    return settingsView(answer.settings);
  }

  // ---- Overrides ----

  drain(service: string, id: string, options: OverrideOptions = {}): Promise<number> {
    return this.#override('drain', { service, id }, options);
  }

  takeOff(service: string, id: string, options: OverrideOptions = {}): Promise<number> {
    return this.#override('deregister', { service, id }, options);
  }

  async undrain(service: string, id: string, options: CallOptions & By = {}): Promise<number> {
    const request = { service, id, ...byline(options) };
    const terms = { ...options, kind: 'repeatable' } as const;
    return (await this.#questions.act(services.Catalog.LiftOverride, request, terms)).revision;
  }

  async overrides(
    options: CallOptions & { readonly service?: string | undefined } = {},
  ): Promise<readonly OverrideView[]> {
    const { service = '' } = options;
    const found: OverrideView[] = [];
    for (let after = ''; ; ) {
      const request = { service, ...this.#questions.terms(options), limit: 0, after };
      const page = await this.#questions.read(services.Catalog.Overrides, request, options);
      found.push(...page.overrides.map(overrideView));
      if (page.nextAfter === '') return found;
      after = page.nextAfter;
    }
  }

  // ---- The record ----

  async departures(
    service: string,
    options: CallOptions & { readonly id?: string | undefined } = {},
  ): Promise<readonly DepartureView[]> {
    const request = { service, id: options.id ?? '', ...this.#questions.terms(options) };
    const answer = await this.#questions.read(services.Catalog.Departures, request, options);
    return answer.departures.map(departureView);
  }

  audit(options: CallOptions = {}): AsyncIterable<AuditView> {
    return reader((over) => this.#audit({ ...options, signal: over }), options.signal);
  }

  // ---- Quotas ----

  async quotas(options: CallOptions = {}): Promise<readonly QuotaView[]> {
    const request = this.#questions.terms(options);
    const answer = await this.#questions.read(services.Tree.Quotas, request, options);
    return answer.quotas.map(quotaView);
  }

  async setQuota(
    path: string,
    limits: { readonly nodesMax?: number | undefined; readonly bytesMax?: number | undefined },
    options: CallOptions & By = {},
  ): Promise<number> {
    const { nodesMax = 0, bytesMax = 0 } = limits;
    const request = { path, nodesMax, bytesMax, ...byline(options) };
    const terms = { ...options, kind: 'repeatable' } as const;
    return (await this.#questions.act(services.Tree.SetQuota, request, terms)).revision;
  }

  async #override(
    action: 'drain' | 'deregister',
    { service, id }: { readonly service: string; readonly id: string },
    options: OverrideOptions,
  ): Promise<number> {
    const { until = 0 } = options;
    const request = { service, id, action, until, ...byline(options) };
    const terms = { ...options, kind: 'repeatable' } as const;
    return (await this.#questions.act(services.Catalog.SetOverride, request, terms)).revision;
  }

  async *#sessions(options: CallOptions): AsyncGenerator<SessionSummary, void, undefined> {
    for (let after = 0; ; ) {
      const request = { ...this.#questions.terms(options), limit: 0, after };
      const page = await this.#questions.read(services.Sessions.List, request, options);
      for (const session of page.sessions) yield sessionView(session);
      if (page.nextAfter === 0) return;
      after = page.nextAfter;
    }
  }

  async *#audit(options: CallOptions): AsyncGenerator<AuditView, void, undefined> {
    for (let before = 0; ; ) {
      const request = { ...this.#questions.terms(options), limit: 0, before };
      const page = await this.#questions.read(services.Cluster.Audit, request, options);
      for (const entry of page.entries) yield auditView(entry);
      if (page.nextBefore === 0) return;
      before = page.nextBefore;
    }
  }
}

function noneWhen(code: 'SESSION_EXPIRED'): (error: unknown) => undefined {
  return (error) => {
    if (isRollcallError(error, code)) return undefined;
    throw error;
  };
}
