/** Goal: YAML says what JSON says, and what others wrote stays what they wrote. */
import { expect, it, vi } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { printEvent, printList, printObject } from '../../src/cli/output.js';
import { instanceRow } from '../../src/cli/rows.js';
import { instance } from './instances.js';

async function printed(print: () => Promise<void>): Promise<string> {
  let text = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  await print().finally(() => write.mockRestore());
  return text;
}

const AWKWARD = instanceRow(
  instance({
    zone: 'no',
    tags: { on: 'yes', number: '0123', text: 'a: b # c', lines: 'a\nb\r\0', quote: `'"` },
  }),
);

it('prints a list as one sequence', async () => {
  const rows = [AWKWARD, instanceRow(instance({ id: 'green' }))];
  expect(parse(await printed(() => printList(rows, 'yaml')))).toEqual(rows);
  expect(await printed(() => printList([], 'yaml'))).toBe('[]\n');
});

it('prints one thing as one document', async () => {
  expect(parse(await printed(() => printObject(AWKWARD, 'yaml')))).toEqual(AWKWARD);
});

it('prints events as a document each', async () => {
  const events = [{ type: 'snapshot', instances: [AWKWARD, AWKWARD] }, { type: 'live' }];
  const text = await printed(async () => {
    for (const event of events) await printEvent(event, 'yaml');
  });
  const documents = parseAllDocuments(text);
  expect([...documents].map((document) => document.toJS())).toEqual(events);
});

it('prints what is long on one line, and what is shared twice', async () => {
  const long = 'word '.repeat(100).trim();
  const text = await printed(() => printObject({ long, a: AWKWARD, b: AWKWARD }, 'yaml'));
  expect(text.split('\n')[0]).toContain(long);
  expect(text).not.toContain('&');
});
