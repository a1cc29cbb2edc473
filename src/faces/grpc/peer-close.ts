/**
 * Whether a call has ended, and who ended it: its client, or this member's keepalive giving up on a silent connection. Only the
 * client's own end begins a disconnect grace (contract 6); a connection that fell silent ends nothing
 * before the session's timeout. When it cannot be told, it was the client: that is the common case.
 */

/** What grpc-js keeps behind a server call; nothing public says how an HTTP/2 stream ended. */
interface Inner {
  readonly call?: {
    readonly cancelled?: boolean;
    readonly stream?: {
      readonly aborted?: boolean;
      readonly rstCode?: number;
      readonly destroyed?: boolean;
      readonly closed?: boolean;
    };
  };
}

const NO_ERROR = 0;

/** A peer's reset or lost socket leaves a code; our own end of the connection leaves none. */
export function endOf(call: unknown): 'peerClosed' | 'local' {
  const stream = (call as Inner).call?.stream;
  const isOwn = stream?.aborted === true && stream.rstCode === NO_ERROR;
  return isOwn ? 'local' : 'peerClosed';
}

/**
 * Over before its handler ran: reset, or past its deadline, while its request came in. grpc-js runs the
 * handler all the same and tells it of no end any more; what it began would stand for ever.
 */
export function isOver(call: unknown): boolean {
  const { cancelled, stream } = (call as Inner).call ?? {};
  return cancelled === true || stream?.destroyed === true || stream?.closed === true;
}
