/**
 * What every row of the state carries for checkpoints and the digest. `Tracker` owns these fields; the
 * records only hold them.
 */
import type { StateRow } from '../codec/row.js';
import type { RowHasher } from './digest.js';

export abstract class TrackedRow {
  /** Unique over all tables: a node's path, or a letter and the id. */
  abstract readonly rowKey: string;
  /** The set of dirty rows that this row last entered; 0 for none. */
  dirtyGeneration = 0;
  /** The generation in which the row was made, when the next checkpoint need not remove its key; else 0. */
  freshGeneration = 0;
  isRemoved = false;
  /** Changed since its hash was last counted. */
  isUnhashed = false;
  /** What the digest's sum holds of this row, as signed 32-bit numbers: those need no memory of their own. */
  hashHigh = 0;
  hashLow = 0;

  /** Plain data to encode. */
  abstract asRow(): StateRow;
  /** Leaves the row's hash in the hasher's lanes. */
  abstract hashInto(hasher: RowHasher): void;
}
