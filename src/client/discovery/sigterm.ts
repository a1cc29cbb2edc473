/**
 * SIGTERM as a request to leave in order: every server that is registered goes DRAINING, closes and
 * leaves the roll. One listener for the process, there only while someone is to be told; the process
 * itself is left to end by itself.
 */
type Leave = () => Promise<void>;

const leavers = new Set<Leave>();

export function onSigterm(leave: Leave): () => void {
  if (leavers.size === 0) process.on('SIGTERM', onSignal);
  leavers.add(leave);
  return () => {
    if (leavers.delete(leave) && leavers.size === 0) process.off('SIGTERM', onSignal);
  };
}

/** The application handles the signal itself, too: its clients are its own to close. */
export function isSigtermShared(): boolean {
  return process.listeners('SIGTERM').some((listener) => listener !== onSignal);
}

function onSignal(): void {
  for (const leave of [...leavers]) void leave();
}
