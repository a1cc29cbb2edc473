/** `rollcall tree …`: the nodes themselves, below services and beside them. */
import type { Command } from 'commander';
import { addExamples } from '../../context.js';
import { addAcl } from './acl.js';
import { addCreate } from './create.js';
import { addDu } from './du.js';
import { addGet } from './get.js';
import { addLs } from './ls.js';
import { addQuota } from './quota.js';
import { addRm } from './rm.js';
import { addSet } from './set.js';
import { addTreeWatch } from './watch.js';

export function addTree(program: Command): void {
  const group = program.command('tree').description('read, change and watch nodes of the tree');
  for (const add of [
    addLs,
    addGet,
    addSet,
    addCreate,
    addRm,
    addTreeWatch,
    addDu,
    addAcl,
    addQuota,
  ]) {
    add(group);
  }
  addExamples(group, [
    ['rollcall tree ls /', 'what is there'],
    ['rollcall tree get /config/limits', 'its data, as it is'],
    ['rollcall tree watch /config --scope subtree', 'every change below, as it happens'],
  ]);
}
