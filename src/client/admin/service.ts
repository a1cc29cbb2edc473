/**
 * One service as all members see it: its settings from whichever member answers, its subscribers from
 * every member that can be reached, since each knows only its own.
 */
import { services } from '../../rpc/definitions.js';
import type { CallOptions, ServiceDetails } from '../types.js';
import type { Questions } from './questions.js';
import { settingsView } from './views.js';

/** One that takes longer is counted as unreachable. */
const MEMBER_MS_MAX = 1_000;

export async function askService(
  questions: Questions,
  service: string,
  options: CallOptions,
): Promise<ServiceDetails> {
  const method = services.Catalog.GetService;
  const request = { service, ...questions.terms(options) };
  const [answer, counts] = await Promise.all([
    questions.read(method, request, options),
    countAtEach(questions, service, options),
  ]);
  const reached = counts.filter((count) => count !== undefined);
  const subscribers = reached.reduce((sum, count) => sum + count, 0);
  return {
    service,
    exists: answer.exists,
    settings: settingsView(answer.settings),
    instances: answer.instances,
    subscribers: reached.length === 0 ? answer.subscribers : subscribers,
    revision: answer.revision,
  };
}

async function countAtEach(
  questions: Questions,
  service: string,
  options: CallOptions,
): Promise<(number | undefined)[]> {
  const { timeoutMs = MEMBER_MS_MAX, signal } = options;
  const { members } = await questions.read(services.Cluster.Members, {}, options);
  const endpoints = members.map(({ address }) => address).filter((address) => address !== '');
  const request = { service, ...questions.terms({ consistency: 'session' }) };
  const ask = (endpoint: string): Promise<number | undefined> => {
    const terms = { endpoint, signal, timeoutMs: Math.min(timeoutMs, MEMBER_MS_MAX) };
    return questions.read(services.Catalog.GetService, request, terms).then(
      ({ subscribers }) => subscribers,
      () => undefined,
    );
  };
  return Promise.all(endpoints.map(ask));
}
