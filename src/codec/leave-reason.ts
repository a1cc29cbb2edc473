/** Why an instance left, told from why its node went. */
import type { Cause } from '../types/event.js';
import type { LeaveReason } from '../types/instance.js';

export const LEAVE_REASONS: Readonly<Record<Cause, LeaveReason>> = {
  client: 'deregistered',
  operator: 'deregistered',
  takeover: 'deregistered',
  close: 'closed',
  expiry: 'expired',
  grace: 'disconnected',
  reap: 'expired',
  revoke: 'revoked',
  restore: 'restored',
};
