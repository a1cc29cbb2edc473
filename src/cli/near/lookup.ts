/**
 * What to say of a service, an instance or a path that is not there: near names from what is. Looking for
 * them never fails and never hides the answer that caused it.
 */
import type { Client } from '../../client/index.js';
import { isRollcallError } from '../../types/errors.js';
import { childPath, nameOf, parentPath, ROOT } from '../../types/path.js';
import { EXIT, Exit } from '../errors.js';
import { note } from '../output.js';
import type { InstanceName } from '../values/targets.js';
import { describeNear, nearNames } from './names.js';

/** Of a folder's children; a near name further down is worth no more pages. */
const PAGES_MAX = 20;
const CLIMB_MAX = 64;

export async function noSuchService(client: Client, service: string): Promise<Exit> {
  const names = await serviceNames(client);
  const near = describeNear(nearNames(service, names));
  const empty = names.length === 0 ? ': the roll is empty' : '';
  const remedy =
    names.length === 0
      ? `put one on it: rollcall register ${service} -- COMMAND`
      : 'list them with `rollcall services`';
  return new Exit(EXIT.failure, `no service '${service}'${empty}${near}`, remedy);
}

/** `known`: ids of the service besides those on the roll, as from its record. */
export async function noSuchInstance(
  client: Client,
  { service, id }: InstanceName,
  known: readonly string[] = [],
): Promise<Exit> {
  const services = await serviceNames(client);
  if (known.length === 0 && !services.includes(service)) return noSuchService(client, service);
  const ids = new Set([...(await instanceIds(client, service)), ...known]);
  const near = nearNames(id, ids).map((name) => `${service}/${name}`);
  const message = `no instance ${service}/${id}${describeNear(near)}`;
  return new Exit(EXIT.failure, message, `list them with \`rollcall instances ${service}\``);
}

/** On stderr, after an empty list: is it the name that is wrong? */
export async function hintService(client: Client, service: string): Promise<void> {
  const names = await serviceNames(client);
  if (names.includes(service)) return;
  note(`no service '${service}'${describeNear(nearNames(service, names))}`);
}

/** Runs `use`, and tells its NO_NODE in terms of what is there. */
export async function onPath<T>(client: Client, path: string, use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    throw isRollcallError(error, 'NO_NODE') ? await noSuchPath(client, path) : error;
  }
}

export async function noSuchPath(client: Client, path: string): Promise<Exit> {
  const { folder, missing } = await lowestThere(client, path);
  const near = nearNames(missing, await childNames(client, folder));
  const where = childPath(folder, missing) === path ? '' : `: ${folder} has no '${missing}'`;
  const paths = near.map((name) => childPath(folder, name));
  const message = `no node ${path}${where}${describeNear(paths)}`;
  return new Exit(EXIT.failure, message, `see what is there with \`rollcall tree ls ${folder}\``);
}

async function lowestThere(
  client: Client,
  path: string,
): Promise<{ readonly folder: string; readonly missing: string }> {
  let at = path;
  for (let i = 0; i < CLIMB_MAX; i++) {
    const folder = parentPath(at) ?? ROOT;
    if (folder === ROOT || (await client.get(folder).catch(() => undefined)) !== undefined) {
      return { folder, missing: nameOf(at) };
    }
    at = folder;
  }
  return { folder: ROOT, missing: nameOf(at) };
}

async function childNames(client: Client, folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    let after: string | undefined;
    for (let page = 0; page < PAGES_MAX; page++) {
      const { nodes, next } = await client.list(folder, { after });
      names.push(...nodes.map((node) => nameOf(node.path)));
      if (next === undefined) break;
      after = next;
    }
  } catch {
    // What was found so far will do.
  }
  return names;
}

async function serviceNames(client: Client): Promise<string[]> {
  const services = await client.services().catch(() => []);
  return services.map(({ service }) => service);
}

async function instanceIds(client: Client, service: string): Promise<string[]> {
  const list = await client.instances(service).catch(() => undefined);
  return list?.instances.map(({ id }) => id) ?? [];
}
