/** A system either starts, or leaves nothing of itself running beside the next one. */
export async function startedOrStopped(system) {
  try {
    await system.startAll();
    return system;
  } catch (error) {
    await system.stop();
    throw error;
  }
}
