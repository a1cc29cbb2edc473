/** Goal: whatever commands and options there are, Tab knows what fits where. */
import { expect, it } from 'vitest';
import { placeOf } from '../../../src/cli/completion/place.js';
import { createProgram } from '../../../src/cli/program.js';

/** `line` as typed, Tab pressed at its end. */
function at(line: string) {
  const { endpoints, before, word, candidates, ...rest } = placeOf(
    createProgram([]),
    line.split(' '),
  );
  return { ...rest, values: candidates.map(({ value }) => value), before, word, endpoints };
}

it('offers commands, each with what it does, and none that is hidden', () => {
  const { candidates } = placeOf(createProgram([]), ['']);
  const names = candidates.map(({ value }) => value);
  expect(names).toEqual(expect.arrayContaining(['dev', 'register', 'watch', 'completion']));
  expect(names).not.toContain('__complete');
  expect(candidates.every(({ about }) => about !== '')).toBe(true);
});

it('offers the commands below a command', () => {
  expect(at('tree ').values).toEqual(expect.arrayContaining(['ls', 'get', 'rm']));
});

it('offers the options of a command and those of all, by their long names', () => {
  const { values } = at('wait web --');
  expect(values).toEqual(expect.arrayContaining(['--min', '--for', '--timeout', '--endpoints']));
  expect(at('serve -').values).not.toContain('--exit-with-parent');
});

it.each([
  ['instances ', { live: 'services' }],
  ['watch w', { live: 'services', word: 'w' }],
  ['why ', { live: 'instances' }],
  ['why web/', { live: 'instances', word: 'web/' }],
  ['drain web/a ', { live: 'instances' }],
  ['session show ', { live: 'sessions' }],
  ['tree ls /serv', { live: 'paths', word: '/serv' }],
  ['wait web --id ', { live: 'ids', service: 'web' }],
  ['sessions --service ', { live: 'services' }],
  ['--endpoints ', { live: 'members' }],
  ['instances --endpoints h:1 ', { live: 'services', endpoints: 'h:1' }],
  ['--endpoints=h:1 instances ', { live: 'services', endpoints: 'h:1' }],
])('%j asks the cluster: %j', (line, place) => {
  expect(at(line)).toMatchObject(place);
});

it.each([
  ['instances -o ', ['table', 'wide', 'name', 'json', 'yaml']],
  ['completion ', ['bash', 'zsh', 'fish']],
  ['wait web --for ', ['up', 'gone']],
  ['service set web --policy ', ['p2c', 'round-robin']],
])('%j offers %j', (line, values) => {
  expect(at(line).values).toEqual(values);
});

it('offers values behind an equals sign, and keeps what stands in front', () => {
  const place = at('instances --output=js');
  expect(place).toMatchObject({ before: '--output=', word: 'js' });
  expect(place.values).toContain('json');
});

it('knows that the value of an option is no argument', () => {
  expect(at('wait --min 3 ')).toMatchObject({ live: 'services' });
  expect(at('wait --min 3 web ')).toMatchObject({ values: [] });
  expect(at('wait --min 3 web ').live).toBeUndefined();
});

it('takes an option that needs no value for just that', () => {
  expect(at('watch --each ')).toMatchObject({ live: 'services' });
  expect(at('watch web --exec --')).toMatchObject({ word: '--' });
});

it.each(['dev --data ', 'register web -- ', 'register web -- node --', 'watch web --exec '])(
  '%j is left to the shell',
  (line) => {
    expect(at(line)).toMatchObject({ isShells: true, values: [] });
  },
);
