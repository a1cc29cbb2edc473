/**
 * Who this data directory is. A member's id is minted once and never leaves its directory for another; an
 * *empty* directory is one without it. The boot number rises with every start and is durable before it is
 * used, so that messages of an earlier life can be told from those of this one.
 */

import { RollcallError } from '../types/errors.js';
import { asClusterId, asMemberId, type ClusterId, type MemberId } from '../types/ids.js';
import type { Configuration, ConfiguredMember } from '../types/log.js';
import type { Disk, Random } from '../types/ports.js';
import { countField, fieldOf, readStoredJson, textField, writeStoredJson } from './stored-json.js';

export interface Identity {
  readonly memberId: MemberId;
  /** Unset until the founders have met, or the cluster that this member joins has answered. */
  readonly clusterId: ClusterId | undefined;
  /** The configuration at index 0; without members for one that joins later. */
  readonly founders: Configuration;
  readonly boot: number;
}

const FILE = 'identity.json';
const MEMBER_ID_QUARTERS = 4;

export const NO_MEMBERS: Configuration = { voters: [], learners: [] };

/** 64 random bits: an id is never used twice. */
export function mintMemberId(random: Random): MemberId {
  const quarters = Array.from({ length: MEMBER_ID_QUARTERS }, () => random.below(0x10000));
  return asMemberId(quarters.map((part) => part.toString(16).padStart(4, '0')).join(''));
}

/** `undefined` for an empty directory. A damaged identity cannot be guessed: it rejects with CORRUPT. */
export async function readIdentity(disk: Disk): Promise<Identity | undefined> {
  const stored = await readStoredJson(disk, FILE);
  if (stored.type === 'missing') return undefined;
  const identity = stored.type === 'value' ? parseIdentity(stored.value) : undefined;
  if (identity !== undefined) return identity;
  throw new RollcallError(
    'CORRUPT',
    `${FILE} is damaged: remove this member from the cluster, empty its data directory, and add it as a new one`,
  );
}

export function writeIdentity(disk: Disk, identity: Identity): Promise<void> {
  const { memberId, clusterId, founders, boot } = identity;
  return writeStoredJson(disk, FILE, { memberId, clusterId, boot, founders });
}

/** The next life of this member; durable when it resolves. */
export async function nextBoot(disk: Disk, identity: Identity): Promise<Identity> {
  const next = { ...identity, boot: identity.boot + 1 };
  await writeIdentity(disk, next);
  return next;
}

function parseIdentity(value: unknown): Identity | undefined {
  const memberId = textField(value, 'memberId');
  const clusterId = textField(value, 'clusterId');
  const boot = countField(value, 'boot');
  const founders = parseConfiguration(fieldOf(value, 'founders'));
  if (memberId === undefined || boot === undefined || founders === undefined) return undefined;
  return {
    memberId: asMemberId(memberId),
    clusterId: clusterId === undefined ? undefined : asClusterId(clusterId),
    founders,
    boot,
  };
}

function parseConfiguration(value: unknown): Configuration | undefined {
  const voters = parseMembers(fieldOf(value, 'voters'));
  const learners = parseMembers(fieldOf(value, 'learners'));
  return voters === undefined || learners === undefined ? undefined : { voters, learners };
}

function parseMembers(value: unknown): ConfiguredMember[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const members: ConfiguredMember[] = [];
  for (const one of value) {
    const id = textField(one, 'id');
    const name = textField(one, 'name');
    const peerAddress = textField(one, 'peerAddress');
    if (id === undefined || name === undefined || peerAddress === undefined) return undefined;
    members.push({ id: asMemberId(id), name, peerAddress });
  }
  return members;
}
