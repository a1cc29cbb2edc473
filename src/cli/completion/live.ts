/**
 * Names that only the cluster knows, for completion. Asks once and little; whoever calls bounds the time. What
 * comes back is text that others wrote and a shell will hold in its line: names that mean anything to a shell
 * are left out.
 */
import type { Client } from '../../client/index.js';
import { COMPLETIONS_MAX } from '../../types/limits.js';
import { childPath, parentPath, ROOT } from '../../types/path.js';
import { place } from '../roll.js';
import { describeSession } from '../values/targets.js';
import type { Candidate, LiveKind, Place } from './place.js';

type Names = (client: Client, at: Place) => Promise<readonly Candidate[]>;

const NAMES: Readonly<Record<LiveKind, Names>> = {
  services: (client) => services(client),
  instances,
  ids: (client, { service = '' }) => idsOf(client, service),
  sessions,
  paths,
  members,
};

const PLAIN = /^[\p{L}\p{N}._/:@%+,][\p{L}\p{N}._/:@%+,=-]*$/u;

/** Whole words, without what they begin with being checked. */
export async function liveNames(client: Client, at: Place): Promise<readonly Candidate[]> {
  if (at.live === undefined) return [];
  const names = await NAMES[at.live](client, at);
  return names.filter(({ value }) => PLAIN.test(value));
}

async function services(client: Client): Promise<Candidate[]> {
  const found = await client.services();
  return found.map(({ service, instances }) => ({
    value: service,
    about: `${instances} ${instances === 1 ? 'instance' : 'instances'}`,
  }));
}

/** The service first, then its ids. */
async function instances(client: Client, { word }: Place): Promise<Candidate[]> {
  const slash = word.indexOf('/');
  if (slash < 0) {
    const found = await services(client);
    return found.map(({ value, about }) => ({ value: `${value}/`, about }));
  }
  const service = word.slice(0, slash);
  const [ids, gone] = await Promise.all([idsOf(client, service), goneFrom(client, service)]);
  const isHere = new Set(ids.map(({ value }) => value));
  return [...ids, ...gone.filter(({ value }) => !isHere.has(value))].map(({ value, about }) => ({
    value: `${service}/${value}`,
    about,
  }));
}

async function idsOf(client: Client, service: string): Promise<Candidate[]> {
  const { instances: found } = await client.instances(service);
  return found.map((instance) => ({
    value: instance.id,
    about: `${place(instance)} ${instance.state}`,
  }));
}

/** Who left is asked about most: why, and whether it is kept off. The last departure of an id tells. */
async function goneFrom(client: Client, service: string): Promise<Candidate[]> {
  const departures = await client.admin.departures(service);
  const reasons = new Map(departures.map(({ id, reason }) => [id, reason]));
  return [...reasons].map(([value, reason]) => ({ value, about: `left: ${reason}` }));
}

async function sessions(client: Client): Promise<Candidate[]> {
  const found: Candidate[] = [];
  for await (const { id, label } of client.admin.sessions()) {
    found.push({ value: describeSession(id), about: label });
    if (found.length >= COMPLETIONS_MAX) break;
  }
  return found;
}

/** What is in the folder that was typed; one that has children also with a slash, to go on. */
async function paths(client: Client, { word }: Place): Promise<Candidate[]> {
  const folder = word.endsWith('/') && word !== ROOT ? word.slice(0, -1) : parentOf(word);
  const typed = word.slice(word.lastIndexOf('/') + 1);
  // Names are listed in order: those before what was typed are passed over.
  const after = typed === '' ? undefined : typed.slice(0, -1);
  const limit = 2 * COMPLETIONS_MAX;
  const { nodes } = await client.list(folder, after === '' ? { limit } : { after, limit });
  return nodes.flatMap(({ path, stat }) => {
    const node = { value: path, about: stat.kind };
    if (stat.childCount === 0) return [node];
    return [node, { value: childPath(path, ''), about: `${stat.childCount} below` }];
  });
}

function parentOf(word: string): string {
  return word.startsWith('/') ? (parentPath(word) ?? ROOT) : ROOT;
}

/** The last of a list that is typed with commas. */
async function members(client: Client, { word }: Place): Promise<Candidate[]> {
  const typed = word.slice(0, word.lastIndexOf(',') + 1);
  const found = await client.members();
  return found.map(({ address, name }) => ({ value: typed + address, about: name }));
}
