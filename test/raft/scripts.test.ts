/**
 * Goal: the protocol's behaviour, readable as prose and reviewed as a diff. Method: each file in `scripts`
 * holds commands and the trace they must give. UPDATE_SCRIPTS=1 rewrites the traces.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runScript } from './support/script.js';

const FOLDER = new URL('./scripts/', import.meta.url);
const names = readdirSync(FOLDER).filter((name) => name.endsWith('.txt'));

describe('a scripted cluster', () => {
  it.each(names)('behaves as told in %s', (name) => {
    const file = new URL(name, FOLDER);
    const text = readFileSync(file, 'utf8');
    const seen = runScript(text);
    if (process.env.UPDATE_SCRIPTS === '1') writeFileSync(file, seen);
    else expect(seen).toBe(text);
  });
});
