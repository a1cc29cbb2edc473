/**
 * Messages written by hand, as a peer that is late, confused or hostile would send them:
 * `a→b append term=3 prev=1@1 commit=1 2@3:x,y`.
 */
import { asIndex, asMemberId, asTerm, type Index, type Term } from '../../../src/types/ids.js';
import type { RaftMessage } from '../../../src/types/message.js';
import { configurationOf, runOf } from './entries.js';

interface Fields {
  readonly address: Pick<RaftMessage, 'from' | 'to' | 'term'>;
  readonly flags: ReadonlySet<string>;
  readonly runs: readonly string[];
  number(key: string): number;
  position(key: string): { index: Index; term: Term };
}

export function forge(args: readonly string[]): RaftMessage {
  const [link = '', type, ...rest] = args;
  const fields = fieldsOf(link, rest);
  const make = FORGES[type as RaftMessage['type']];
  if (make === undefined) throw new Error(`cannot forge: ${args.join(' ')}`);
  return make(fields);
}

function fieldsOf(link: string, words: readonly string[]): Fields {
  const [from = '', to = ''] = link.split('→');
  const values = new Map(
    words.filter((w) => w.includes('=')).map((w) => w.split('=') as [string, string]),
  );
  const number = (key: string) => Number(values.get(key) ?? 0);
  return {
    address: { from: asMemberId(from), to: asMemberId(to), term: asTerm(number('term')) },
    flags: new Set(words),
    runs: words.filter((word) => word.includes(':')),
    number,
    position(key) {
      const [index, term] = (values.get(key) ?? '0@0').split('@').map(Number);
      return { index: asIndex(index!), term: asTerm(term!) };
    },
  };
}

const FORGES: Partial<Record<RaftMessage['type'], (fields: Fields) => RaftMessage>> = {
  append: (f) => ({
    type: 'append',
    ...f.address,
    prevIndex: f.position('prev').index,
    prevTerm: f.position('prev').term,
    commitIndex: asIndex(f.number('commit')),
    round: f.number('round'),
    runs: f.runs.map(runFrom),
  }),
  appendResponse: (f) => ({
    type: 'appendResponse',
    ...f.address,
    accepted: !f.flags.has('refused'),
    index: asIndex(f.number('index')),
    hintIndex: f.position('hint').index,
    hintTerm: f.position('hint').term,
    round: f.number('round'),
  }),
  heartbeat: (f) => ({
    type: 'heartbeat',
    ...f.address,
    commitIndex: asIndex(f.number('commit')),
    round: f.number('round'),
  }),
  heartbeatResponse: (f) => ({ type: 'heartbeatResponse', ...f.address, round: f.number('round') }),
  voteRequest: (f) => ({
    type: 'voteRequest',
    ...f.address,
    pre: f.flags.has('pre'),
    transfer: f.flags.has('transfer'),
    lastIndex: f.position('last').index,
    lastTerm: f.position('last').term,
  }),
  voteResponse: (f) => ({
    type: 'voteResponse',
    ...f.address,
    pre: f.flags.has('pre'),
    granted: f.flags.has('granted'),
  }),
  timeoutNow: (f) => ({ type: 'timeoutNow', ...f.address }),
  readResponse: (f) => ({
    type: 'readResponse',
    ...f.address,
    id: f.number('id'),
    index: asIndex(f.number('index')),
  }),
  installSnapshot: (f) => ({
    type: 'installSnapshot',
    ...f.address,
    snapshot: { ...f.position('snapshot'), configuration: configurationOf(['a', 'b', 'c']) },
  }),
};

/** 2@3:x,y is a run of term 3 from index 2. */
function runFrom(word: string) {
  const [place = '', texts = ''] = word.split(':');
  const [first, term] = place.split('@').map(Number);
  return runOf(first!, term!, texts.split(','));
}
