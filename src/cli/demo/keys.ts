/** Single keys: at a terminal as they are pressed, from a pipe as they arrive. */

export interface Keys {
  close(): void;
}

const CTRL_C = '\x03';
const CTRL_D = '\x04';

export function readKeys(input: NodeJS.ReadStream, onKey: (key: string) => void): Keys {
  const listener = (data: Buffer) => {
    for (const key of data.toString('utf8')) onKey(key === CTRL_C || key === CTRL_D ? 'q' : key);
  };
  if (input.isTTY) input.setRawMode(true);
  input.on('data', listener);
  // Nobody there, or gone: the demonstration goes on without keys.
  input.on('error', () => {});
  return {
    close: () => {
      input.off('data', listener);
      if (input.isTTY) input.setRawMode(false);
      input.pause();
    },
  };
}
