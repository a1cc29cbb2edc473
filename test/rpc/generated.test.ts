import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { generate } from '../../scripts/proto.mjs';

it('the generated types are what the protos say', () => {
  const files = generate() as Map<string, string>;
  expect(readdirSync('src/gen').sort()).toEqual([...files.keys()].sort());
  for (const [name, text] of files) {
    expect(readFileSync(`src/gen/${name}`, 'utf8'), `run: node scripts/proto.mjs`).toBe(text);
  }
});
