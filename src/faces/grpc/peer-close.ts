/**
 * Who ended a call: its client, or this member's keepalive giving up on a silent connection. Only the
 * client's own end begins a disconnect grace (contract 6); a connection that fell silent ends nothing
 * before the session's timeout. When it cannot be told, it was the client: that is the common case.
 */

/** What grpc-js keeps behind a server call; nothing public says how an HTTP/2 stream ended. */
interface Inner {
  readonly call?: {
    readonly stream?: { readonly aborted?: boolean; readonly rstCode?: number };
  };
}

const NO_ERROR = 0;

/** A peer's reset or lost socket leaves a code; our own end of the connection leaves none. */
export function endOf(call: unknown): 'peerClosed' | 'local' {
  const stream = (call as Inner).call?.stream;
  const isOwn = stream?.aborted === true && stream.rstCode === NO_ERROR;
  return isOwn ? 'local' : 'peerClosed';
}
