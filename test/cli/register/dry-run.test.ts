/** Goal: what a registration would come to is told as the cluster would decide it. */
import { describe, expect, it } from 'vitest';
import { type Holder, judge } from '../../../src/cli/register/dry-run.js';
import type { OverrideView } from '../../../src/client/index.js';
import { instance } from '../instances.js';

const SPEC = instance({ id: 'blue', address: '10.0.0.1', port: 80 });
const ELSEWHERE = instance({ id: 'blue', address: '10.0.0.2', port: 80 });
const SESSION = { id: 7, label: 'server pid 1', detached: false };

function answer(
  holder: Holder | undefined,
  rest: { readonly takeover?: boolean; readonly override?: OverrideView } = {},
) {
  return judge(SPEC, { holder, override: undefined, takeover: false, ...rest });
}

function override(action: 'drain' | 'deregister'): OverrideView {
  const by = { who: 'ann', reason: 'upgrade' };
  return { service: 'web', id: 'blue', action, ...by, until: 0, revision: 5 };
}

describe('a registration', () => {
  it('joins when the id is free', () => {
    expect(answer(undefined)).toEqual({ text: 'it would join' });
  });

  it('takes its own place again, even a live one', () => {
    const { text, remedy } = answer({ instance: SPEC, session: SESSION });
    expect(text).toContain('its own place');
    expect(remedy).toBeUndefined();
  });

  it('takes over from who is gone', () => {
    const gone = { ...SESSION, detached: true };
    expect(answer({ instance: ELSEWHERE, session: gone }).remedy).toBeUndefined();
  });

  it.each([
    ['live', SESSION],
    ['static', undefined],
  ])('is refused when a %s one elsewhere has the id, unless it displaces it', (_, session) => {
    const holder = { instance: ELSEWHERE, session };
    expect(answer(holder)).toMatchObject({ remedy: expect.stringContaining('--takeover') });
    expect(answer(holder).text).toContain('10.0.0.2:80');
    expect(answer(holder, { takeover: true })).toEqual({ text: 'it would displace 10.0.0.2:80' });
  });

  it('is refused when an operator keeps it off, with what lifts that', () => {
    const { text, remedy } = answer(undefined, { override: override('deregister') });
    expect(text).toContain('by ann (upgrade)');
    expect(remedy).toContain('rollcall undrain web/blue');
  });

  it('shows DRAINING when an operator drains it', () => {
    const { text, remedy } = answer(undefined, { override: override('drain') });
    expect(text).toBe('it would join; it would show DRAINING: drained by ann (upgrade)');
    expect(remedy).toBeUndefined();
  });
});
