/**
 * Puts StreamResponses together by hand: each item is bytes already, an event's bytes are shared by
 * everyone who watches, and only the few bytes in front (lengths and the watch's id) differ. Gives
 * several frames when one would grow past what receivers take.
 */
const ITEMS_TAG = 0x0a;
const ITEM_WATCH_TAG = 0x12;
const WATCH_ID_TAG = 0x08;
const WATCH_RESPONSE_TAG = 0x12;

/** Well below the 4 MiB that gRPC receivers take by default, with room for one item of any size. */
const FRAME_BYTES = 512 * 1024;
/** Four tags, three lengths of at most 5 bytes and an id of at most 8. */
const HEADER_BYTES_MAX = 32;

export class StreamFrames {
  #parts: Uint8Array[] = [];
  #length = 0;
  #frames: Buffer[] = [];

  /** An encoded StreamItem. */
  add(item: Buffer): void {
    const header = Buffer.allocUnsafe(HEADER_BYTES_MAX);
    header[0] = ITEMS_TAG;
    const end = writeVarint(header, 1, item.length);
    this.#push(header.subarray(0, end), item);
  }

  /** An encoded WatchResponse of one watch. */
  addWatch(id: number, response: Buffer): void {
    const watch = 2 + varintLength(id) + varintLength(response.length) + response.length;
    const item = 1 + varintLength(watch) + watch;
    const header = Buffer.allocUnsafe(HEADER_BYTES_MAX);
    header[0] = ITEMS_TAG;
    let end = writeVarint(header, 1, item);
    header[end++] = ITEM_WATCH_TAG;
    end = writeVarint(header, end, watch);
    header[end++] = WATCH_ID_TAG;
    end = writeVarint(header, end, id);
    header[end++] = WATCH_RESPONSE_TAG;
    end = writeVarint(header, end, response.length);
    this.#push(header.subarray(0, end), response);
  }

  /** What was added since the last time, in order; usually one frame. */
  take(): readonly Buffer[] {
    this.#close();
    const frames = this.#frames;
    this.#frames = [];
    return frames;
  }

  #push(header: Buffer, content: Buffer): void {
    this.#parts.push(header, content);
    this.#length += header.length + content.length;
    if (this.#length >= FRAME_BYTES) this.#close();
  }

  #close(): void {
    if (this.#length === 0) return;
    this.#frames.push(Buffer.concat(this.#parts, this.#length));
    this.#parts = [];
    this.#length = 0;
  }
}

function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) length++;
  return length;
}

/** Returns the offset behind it. */
function writeVarint(bytes: Buffer, start: number, value: number): number {
  let offset = start;
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes[offset++] = (rest % 128) | 0x80;
  bytes[offset++] = rest;
  return offset;
}
