/**
 * How fast a cluster for tests decides. Its members share one event loop, so what stalls it stalls all of
 * them: short election timeouts cannot be missed by one alone, and a test waits less for a new leader.
 * What a client is promised, as the shortest session timeout and the age of STALE, is as in production.
 */
import { DEFAULT_TUNING, type Tuning } from '../server/tuning.js';

/** Elections after 80 to 160 ms of silence. */
export const TEST_TUNING: Tuning = {
  ...DEFAULT_TUNING,
  raftTickMs: 10,
  heartbeatTicks: 2,
  electionTicksMin: 8,
  electionTicksMax: 16,
  bookmarkMs: 200,
  statusMs: 100,
  readRetryMs: 50,
  forwardRetryMs: 100,
};
