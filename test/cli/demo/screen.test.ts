import { expect, test } from 'vitest';
import { createScreen, type Picture, pictureLines } from '../../../src/cli/demo/screen.js';

const PICTURE: Picture = {
  members: [
    { name: 'r1', role: 'follower', term: 2, applied: 118, pid: 48211 },
    { name: 'r2', role: 'leader', term: 2, applied: 118, pid: 48213 },
    { name: 'r3', role: 'down', term: 2, applied: 90, pid: undefined },
  ],
  servers: [
    { name: 'web/red', state: 'UP', perSecond: 50, ok: 1204, failed: 0 },
    { name: 'web/blue', state: undefined, perSecond: 0, ok: 731, failed: 0 },
  ],
};

/** What a terminal of that height has been sent. */
function record(terminal: { rows: number } | undefined) {
  const written: string[] = [];
  const out = {
    isTTY: terminal !== undefined,
    columns: 100,
    rows: terminal?.rows,
    write: (text: string) => written.push(text),
  };
  return { written, screen: createScreen(out as unknown as NodeJS.WriteStream) };
}

test('the picture has a line for each member and each server, whichever are more', () => {
  const lines = pictureLines(PICTURE).map((line) => line.replace(/ +/g, ' ').trim());
  expect(lines).toEqual([
    'MEMBER ROLE TERM APPLIED PID INSTANCE STATE REQ/S OK FAILED',
    'r1 follower 2 118 48211 web/red UP 50 1204 0',
    'r2 leader 2 118 48213 web/blue gone 0 731 0',
    'r3 down 2 90',
  ]);
});

test('without a terminal there is one plain line per event and no picture', () => {
  const { written, screen } = record(undefined);
  screen.say('ready');
  screen.draw(PICTURE);
  screen.event('12:04:09 join');
  screen.close();
  expect(written).toEqual(['ready\n', '12:04:09 join\n']);
});

test('a picture covers the one before, never what was said above', () => {
  const { written, screen } = record({ rows: 50 });
  screen.draw(PICTURE);
  const lines = written.at(-1)!.split('\n').length - 1;
  screen.draw(PICTURE);
  expect(written.at(-2)).toBe(`\x1b[${lines}A\r\x1b[J`);
});

test('a low terminal shows fewer events, so that the picture never scrolls', () => {
  const { written, screen } = record({ rows: 18 });
  for (let i = 0; i < 20; i++) screen.event(`event ${i}`);
  screen.draw(PICTURE);
  const lines = written.at(-1)!.split('\n').length - 1;
  expect(lines).toBeLessThan(18);
  expect(written.at(-1)).toContain('event 19');
  expect(written.at(-1)).not.toContain('event 15');
});

test('the cursor comes back', () => {
  const { written, screen } = record({ rows: 50 });
  screen.close();
  expect(written.at(-1)).toBe('\x1b[?25h');
});
