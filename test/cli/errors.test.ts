import { describe, expect, it } from 'vitest';
import { describeFailure, EXIT, Exit, UsageError } from '../../src/cli/errors.js';
import { ERROR_CODES, RollcallError } from '../../src/types/errors.js';

const WHERE = '127.0.0.1:8655';

describe('failures on the command line', () => {
  it.each(ERROR_CODES)('%s says what is wrong, what to do, and fails', (code) => {
    const failure = describeFailure(new RollcallError(code, 'because'), WHERE);
    expect(failure.message).not.toBe('');
    expect(failure.remedy).not.toBe('');
    expect(failure.exitCode).toBeGreaterThan(0);
  });

  it('names the endpoint and both ways to set it when no member answers', () => {
    const failure = describeFailure(new RollcallError('UNAVAILABLE', 'refused'), WHERE);
    expect(failure.message).toContain(`no member answers at ${WHERE}`);
    expect(failure.remedy).toContain('rollcall dev');
    expect(failure.remedy).toContain('ROLLCALL_ENDPOINTS');
    expect(failure.exitCode).toBe(EXIT.noQuorum);
  });

  it('tells a missing quorum and a passed deadline apart from other failures', () => {
    expect(describeFailure(new RollcallError('NO_QUORUM', 'x'), WHERE).exitCode).toBe(3);
    expect(describeFailure(new RollcallError('TIMEOUT', 'x'), WHERE).exitCode).toBe(124);
    expect(describeFailure(new RollcallError('ID_IN_USE', 'x'), WHERE).exitCode).toBe(1);
  });

  it('says when it may have been applied', () => {
    const error = new RollcallError('TIMEOUT', 'no answer', { outcome: 'unknown' });
    expect(describeFailure(error, WHERE).message).toContain('may have been applied');
  });

  it('has an answer for a code of a newer member', () => {
    const error = new RollcallError('FROM_THE_FUTURE' as 'INTERNAL', 'x');
    expect(describeFailure(error, WHERE).exitCode).toBe(1);
  });

  it('knows wrong usage and requested exits', () => {
    expect(describeFailure(new UsageError('no', 'do'), WHERE)).toEqual({
      message: 'no',
      remedy: 'do',
      exitCode: 2,
    });
    expect(describeFailure(new Exit(137), WHERE).exitCode).toBe(137);
  });
});
