/**
 * What a service says to its callers, as its own node holds it: pure. A node that is not there, or that
 * holds nothing that can be read, says nothing.
 */
import { decodeSettings } from '../../codec/settings.js';
import type { TreeNode } from '../../types/node.js';
import { NO_SETTINGS } from '../../types/settings.js';
import type { ServiceSettingsView } from '../types.js';

export const SILENT: ServiceSettingsView = { ...NO_SETTINGS, version: 0, revision: 0 };

export function settingsOf(node: TreeNode | undefined): ServiceSettingsView {
  if (node === undefined) return SILENT;
  const { version, modifyRevision } = node.stat;
  const wasSet = version > 0 || node.data.length > 0;
  const settings = decodeSettings(node.data) ?? NO_SETTINGS;
  return { ...settings, version, revision: wasSet ? modifyRevision : 0 };
}
