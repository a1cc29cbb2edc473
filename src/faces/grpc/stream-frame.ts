/**
 * Puts StreamResponses together in one buffer, item by item. An event's bytes are shared by everyone
 * who watches; only the few bytes in front (lengths and the watch's id) differ. Gives several frames
 * when one would grow past what receivers take.
 */

import type * as wire from '../../gen/index.js';
import { codec } from '../../rpc/definitions.js';
import { MessageWriter } from '../../rpc/message-writer.js';
import type { Outgoing } from '../../rpc/shapes.js';
import type { Revision } from '../../types/ids.js';
import type { TreeNode } from '../../types/node.js';
import type { Created, DataSet } from '../../types/outcome.js';
import {
  writeCreateResponse,
  writeDeleteResponse,
  writeGetResponse,
  writeSetResponse,
} from './hot-messages.js';

/** Well below the 4 MiB that gRPC receivers take by default, with room for one item of any size. */
const FRAME_BYTES = 512 * 1024;

const VARINT = 0;
const LENGTH = 2;
const ITEMS = (1 << 3) | LENGTH;
const ITEM_RESPONSE = (1 << 3) | LENGTH;
const ITEM_WATCH = (2 << 3) | LENGTH;
const WATCH_ID = (1 << 3) | VARINT;
const WATCH_RESPONSE = (2 << 3) | LENGTH;
const RESPONSE_ID = (1 << 3) | VARINT;
const RESPONSE_CREATE = (13 << 3) | LENGTH;
const RESPONSE_SET = (14 << 3) | LENGTH;
const RESPONSE_DELETE = (15 << 3) | LENGTH;
const RESPONSE_GET = (17 << 3) | LENGTH;

export class StreamFrames {
  readonly #writer = new MessageWriter();
  #frames: Buffer[] = [];

  add(item: Outgoing<wire.StreamItem>): void {
    this.#writer.block(ITEMS, codec('StreamItem').encode(item));
    this.#cut();
  }

  /** An encoded WatchResponse of one watch. */
  addWatch(id: number, response: Buffer): void {
    const writer = this.#writer;
    const item = writer.begin(ITEMS);
    const watch = writer.begin(ITEM_WATCH);
    writer.uint(WATCH_ID, id);
    writer.block(WATCH_RESPONSE, response);
    writer.end(watch);
    writer.end(item);
    this.#cut();
  }

  addSet(id: number, { stat }: DataSet, revision: Revision): void {
    const item = this.#writer.begin(ITEMS);
    const response = this.#response(id);
    const set = this.#writer.begin(RESPONSE_SET);
    writeSetResponse(this.#writer, stat, revision);
    this.#end(item, response, set);
  }

  addCreated(id: number, created: Created, revision: Revision): void {
    const item = this.#writer.begin(ITEMS);
    const response = this.#response(id);
    const create = this.#writer.begin(RESPONSE_CREATE);
    writeCreateResponse(this.#writer, created, revision);
    this.#end(item, response, create);
  }

  addDeleted(id: number, revision: Revision): void {
    const item = this.#writer.begin(ITEMS);
    const response = this.#response(id);
    const deleted = this.#writer.begin(RESPONSE_DELETE);
    writeDeleteResponse(this.#writer, revision);
    this.#end(item, response, deleted);
  }

  addNode(id: number, node: TreeNode | undefined, revision: Revision): void {
    const item = this.#writer.begin(ITEMS);
    const response = this.#response(id);
    const got = this.#writer.begin(RESPONSE_GET);
    writeGetResponse(this.#writer, node, revision);
    this.#end(item, response, got);
  }

  /** What was added since the last time, in order; usually one frame. */
  take(): readonly Buffer[] {
    if (this.#writer.length > 0) this.#frames.push(this.#writer.take());
    const frames = this.#frames;
    this.#frames = [];
    return frames;
  }

  #response(id: number): number {
    const response = this.#writer.begin(ITEM_RESPONSE);
    this.#writer.uint(RESPONSE_ID, id);
    return response;
  }

  #end(item: number, response: number, result: number): void {
    this.#writer.end(result);
    this.#writer.end(response);
    this.#writer.end(item);
    this.#cut();
  }

  #cut(): void {
    if (this.#writer.length >= FRAME_BYTES) this.#frames.push(this.#writer.take());
  }
}
