#!/usr/bin/env node
/** The entry of the command line: runs one command and turns whatever goes wrong into words and a code. */
import { CommanderError } from 'commander';
import { describeEndpoints } from './context.js';
import { describeFailure, EXIT } from './errors.js';
import { endWithoutReader, printFailure } from './output.js';
import { createProgram } from './program.js';

const program = createProgram();
endWithoutReader();
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

function report(error: unknown): number {
  // Commander has printed what it had to say.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const failure = describeFailure(error, describeEndpoints(program));
  printFailure(failure.message, failure.remedy);
  return failure.exitCode;
}
