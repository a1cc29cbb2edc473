/** The command line of the benchmark: what to run, how much of it, and where the figures go. */
import { parseArgs } from 'node:util';
import { settingsFor } from './settings.mjs';
import { PEERS } from './systems/index.mjs';
import { WORKLOADS } from './workloads/index.mjs';

export const USAGE = `npm run bench -- [WORKLOAD…] [options]

workloads (default: all)  ${WORKLOADS.map(({ name }) => name).join(' ')}

  --rounds N          how often each is measured, in turn (3)
  --beside etcd       measure etcd with the same generators, in the same rounds
  --case TEXT         only cases whose label contains this
  --seconds N         how long one measurement lasts (5)
  --watchers N,N      numbers of subscribers for fanout (100,1000)
  --nodes N,N         numbers of nodes for memory and restart (200000)
  --kills N           blows a round in failover (5)
  --changes N         changes a round in fanout (100)
  --quick             the least of everything: shows that it runs, its figures mean nothing
  --json FILE         figures for programs
  --markdown FILE     tables; between the marks of FILE, if it has them
  --profile FOLDER    members write processor profiles there; says where the leader's time went
  --dir FOLDER        where members keep their data (a temporary folder on a disk)
  --no-build          measure dist/ as it is
`;

const OPTIONS = {
  rounds: { type: 'string' },
  beside: { type: 'string', multiple: true },
  case: { type: 'string' },
  seconds: { type: 'string' },
  watchers: { type: 'string' },
  nodes: { type: 'string' },
  kills: { type: 'string' },
  changes: { type: 'string' },
  quick: { type: 'boolean', default: false },
  json: { type: 'string' },
  markdown: { type: 'string' },
  profile: { type: 'string' },
  dir: { type: 'string' },
  'no-build': { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
};

/** Throws with what is wrong. */
export function parseOptions(args) {
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  const { seconds, watchers, nodes, kills, changes, quick, dir } = values;
  return {
    ...values,
    workloads: chosen(positionals, WORKLOADS),
    beside: (values.beside ?? []).map((name) => known(name, PEERS)),
    rounds: numberFrom('rounds', values.rounds) ?? (quick || values.profile ? 1 : 3),
    settings: settingsFor({
      quick,
      dir,
      seconds: numberFrom('seconds', seconds),
      watchers: numbersFrom('watchers', watchers),
      nodes: numbersFrom('nodes', nodes),
      kills: numberFrom('kills', kills),
      changes: numberFrom('changes', changes),
    }),
  };
}

/** The command without names of files, which are this machine's business. */
export function commandOf({ workloads, rounds, beside, ...values }) {
  const names = workloads.length < WORKLOADS.length ? workloads.map(({ name }) => name) : [];
  const kept = ['case', 'seconds', 'watchers', 'nodes', 'kills', 'changes'];
  const flags = kept.flatMap((name) =>
    values[name] === undefined ? [] : [`--${name}`, quoted(values[name])],
  );
  const peers = beside.flatMap((name) => ['--beside', name]);
  const quick = values.quick ? ['--quick'] : [];
  const parts = [...names, '--rounds', String(rounds), ...peers, ...flags, ...quick];
  const engine = process.env.NODE_OPTIONS ? `NODE_OPTIONS='${process.env.NODE_OPTIONS}' ` : '';
  return `${engine}npm run bench -- ${parts.join(' ')}`;
}

const quoted = (text) => (text.includes(' ') ? `'${text}'` : text);

function chosen(names, all) {
  if (names.length === 0) return all;
  for (const name of names)
    known(
      name,
      all.map((one) => one.name),
    );
  return all.filter(({ name }) => names.includes(name));
}

function known(name, all) {
  if (all.includes(name)) return name;
  throw new Error(`${name} is none of: ${all.join(', ')}`);
}

function numberFrom(name, text) {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (number > 0) return number;
  throw new Error(`--${name} must be a number above 0`);
}

function numbersFrom(name, text) {
  return text?.split(',').map((part) => numberFrom(name, part));
}
