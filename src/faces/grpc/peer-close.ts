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
      readonly session?: { readonly destroyed: boolean };
    };
  };
}

const NO_ERROR = 0;

/**
 * To be asked when the call has begun; what it gives, at its end. Our own end of the connection leaves no
 * code, and has destroyed it by then. A lost socket leaves one; a peer's reset may leave none.
 */
export function endOf(call: unknown): () => 'peerClosed' | 'local' {
  const stream = (call as Inner).call?.stream;
  const connection = stream?.session;
  return () => {
    const isQuiet = stream?.aborted === true && stream.rstCode === NO_ERROR;
    return isQuiet && connection?.destroyed === true ? 'local' : 'peerClosed';
  };
}

/**
 * Over before its handler ran: reset, or past its deadline, while its request came in. grpc-js runs the
 * handler all the same and tells it of no end any more; what it began would stand for ever.
 */
export function isOver(call: unknown): boolean {
  const { cancelled, stream } = (call as Inner).call ?? {};
  return cancelled === true || stream?.destroyed === true || stream?.closed === true;
}
