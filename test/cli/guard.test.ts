/** Goal: the wrapped command's end is told as a shell would tell it. Method: real, short-lived shells. */
import { expect, it } from 'vitest';
import { startGuarded } from '../../src/cli/guard.js';

const shell = (script: string, environment: NodeJS.ProcessEnv = process.env) =>
  startGuarded(['sh', '-c', script], environment);

it('passes the exit code of the command through', async () => {
  expect(await shell('exit 7').ended).toBe(7);
});

it('tells an end by signal as 128 and its number', async () => {
  expect(await shell('kill -9 $$').ended).toBe(137);
});

it('answers 127 for a command that does not exist', async () => {
  const command = startGuarded(['/nonexistent/command'], process.env);
  expect(await command.ended).toBe(127);
});

it('hands arguments over untouched', async () => {
  const script = '[ "$1" = "a  b" ] && [ "$2" = "\\$x;" ] && [ $# = 2 ]';
  const command = startGuarded(['sh', '-c', script, 'name', 'a  b', '$x;'], process.env);
  expect(await command.ended).toBe(0);
});

it('gives the command the environment it is asked to', async () => {
  expect(await shell('[ "$PORT" = 4711 ]', { ...process.env, PORT: '4711' }).ended).toBe(0);
});

it('does not hand the pipe to the registrar down to the command', async () => {
  expect(await shell('[ ! -e /dev/fd/3 ]').ended).toBe(0);
});

it('delivers signals to the command itself', async () => {
  const command = shell('trap "exit 5" TERM; while :; do sleep 0.05; done');
  const timer = setInterval(() => command.signal('SIGTERM'), 50);
  expect(await command.ended.finally(() => clearInterval(timer))).toBe(5);
});
