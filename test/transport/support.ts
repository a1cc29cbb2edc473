/** Shared by the tests of the transports. */
import type { Logger } from '../../src/types/ports.js';

export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
