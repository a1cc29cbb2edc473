/**
 * The only doors to the outside. Each has a real implementation at an edge and a twin in memory that
 * models its failures. Nothing below `server` touches a clock, a random source, a disk or a socket.
 */

export interface Clock {
  /** Monotonic milliseconds, fractional; only differences mean anything. */
  monotonicMs(): number;
  /** Milliseconds since 1970; may jump either way. For stamps, never for deadlines. */
  wallMs(): number;
}

export interface Random {
  /** Uniform in [0, bound), an integer; bound ≥ 1. */
  below(bound: number): number;
}

export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** An open file. Offsets are in bytes. Reads past the end are short. */
export interface DiskFile {
  write(offset: number, parts: readonly Uint8Array[]): Promise<void>;
  read(offset: number, length: number): Promise<Uint8Array>;
  /** Data and size durable when it resolves. A rejection is final: the file must not be trusted again. */
  sync(): Promise<void>;
  size(): Promise<number>;
  /** Only to cut a torn tail at recovery. */
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

/** One member's directory. Names are plain file names, no separators. */
export interface Disk {
  open(name: string, mode: 'create' | 'existing'): Promise<DiskFile>;
  list(): Promise<string[]>;
  exists(name: string): Promise<boolean>;
  /** Durable only after `syncDirectory`. */
  rename(from: string, to: string): Promise<void>;
  remove(name: string): Promise<void>;
  syncDirectory(): Promise<void>;
}
