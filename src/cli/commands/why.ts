/** `rollcall why SERVICE/ID`: why did it vanish? From the record that the cluster keeps of departures. */
import type { Command } from 'commander';
import type { Client } from '../../client/index.js';
import { addExamples, outputOption, timeoutOption, withClient } from '../context.js';
import { EXIT, Exit } from '../errors.js';
import { noSuchInstance } from '../near/lookup.js';
import { departureRow, isoTime, overrideRow } from '../operator-rows.js';
import { printLine, printObject } from '../output.js';
import { isDataFormat, type Output } from '../parse.js';
import { instanceRow } from '../rows.js';
import { printable } from '../table.js';
import { type InstanceName, parseInstanceName } from '../values/targets.js';
import { isKnown, readWhyFacts, type WhyFacts } from '../why/facts.js';
import { adviseOn } from '../why/reasons.js';
import { describeReach, describeWhy, flappingOf } from '../why/text.js';

export function addWhy(program: Command): void {
  const command = program
    .command('why')
    .description('say why an instance is on the roll or not, and how it left')
    .argument('<service/id>', 'the instance', parseInstanceName)
    .addOption(outputOption())
    .addOption(timeoutOption())
    .action((name: InstanceName, options: { output: Output }) =>
      runWhy(command, name, options.output),
    );
  addExamples(command, [
    ['rollcall why web/host1-8080', 'how and when it left, through whom, and what to do'],
    ['rollcall why web/host1-8080 -o json', 'with each of its departures on record'],
    ["rollcall why web/a -o json | jq -r '.departures[-1].reason'", 'for scripts'],
  ]);
}

async function runWhy(command: Command, name: InstanceName, output: Output): Promise<void> {
  await withClient(command, async (client) => {
    const facts = await readWhyFacts(client, name);
    if (!isKnown(facts)) throw await nothingKnown(client, facts);
    const now = Date.now();
    if (isDataFormat(output)) await printObject(whyRow(facts, now), output);
    else for (const line of describeWhy(facts, now)) printLine(printable(line));
  });
}

async function nothingKnown(client: Client, facts: WhyFacts): Promise<Exit> {
  const { message, remedy } = await noSuchInstance(client, facts, facts.record.ids);
  const reach = describeReach(facts.service, facts.record, Date.now());
  return new Exit(EXIT.failure, `${message}\n  ${reach}`, remedy);
}

function whyRow(facts: WhyFacts, now: number): object {
  const { service, id, current, override, departures, record } = facts;
  const last = departures.at(-1);
  return {
    service,
    id,
    onRoll: current !== undefined,
    instance: current === undefined ? null : instanceRow(current.instance),
    joinedTime: current === undefined ? null : isoTime(current.joinedTime),
    session: current?.session ?? null,
    override: override === undefined ? null : overrideRow(override),
    explanation: describeWhy(facts, now),
    advice: last === undefined ? null : adviseOn(last),
    flapping: flappingOf(departures, now) ?? null,
    departures: departures.map(departureRow),
    record: {
      departures: record.departures,
      oldestTime: record.oldestTime === undefined ? null : isoTime(record.oldestTime),
    },
  };
}
