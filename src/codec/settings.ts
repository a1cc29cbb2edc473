/**
 * A service's settings as the JSON that its node holds. Reading is tolerant (unknown members, members of
 * another type) and total: what is no JSON object gives `undefined`. No settings at all are no bytes.
 */
import {
  NAME_BYTES_MAX,
  SETTINGS_BYTES_MAX,
  SETTINGS_FIELDS_MAX,
  TEXT_BYTES_MAX,
} from '../types/limits.js';
import { NO_SETTINGS, type ServiceSettings } from '../types/settings.js';
import { parseObject, recordOf, textOf } from './json.js';

const PERCENT_MAX = 100;
const UTF8_ENCODER = new TextEncoder();

export function encodeSettings(settings: ServiceSettings): Uint8Array {
  const { policy, minimumHealthy, fields } = settings;
  if (policy === '' && minimumHealthy === 0 && Object.keys(fields).length === 0) {
    return new Uint8Array(0);
  }
  return UTF8_ENCODER.encode(JSON.stringify({ policy, minimumHealthy, fields }));
}

export function decodeSettings(data: Uint8Array): ServiceSettings | undefined {
  if (data.length === 0) return NO_SETTINGS;
  if (data.length > SETTINGS_BYTES_MAX) return undefined;
  const json = parseObject(data);
  if (json === undefined) return undefined;
  const { policy, minimumHealthy } = json;
  return {
    policy: textOf(policy) ?? '',
    minimumHealthy: isPercent(minimumHealthy) ? minimumHealthy : 0,
    fields: fieldsOf(json.fields),
  };
}

/** Why these may not be set; a problem of size begins with "too large". */
export function settingsProblem(settings: ServiceSettings): string | undefined {
  const { policy, minimumHealthy, fields } = settings;
  if (byteLength(policy) > NAME_BYTES_MAX) return `policy is longer than ${NAME_BYTES_MAX} bytes`;
  if (!isPercent(minimumHealthy)) return 'minimum healthy must be a whole number from 0 to 100';
  const keys = Object.keys(fields);
  if (keys.length > SETTINGS_FIELDS_MAX)
    return `too large: more than ${SETTINGS_FIELDS_MAX} fields`;
  for (const key of keys) {
    if (key === '' || key === '__proto__') return `"${key}" cannot be the name of a field`;
    if (byteLength(key) > TEXT_BYTES_MAX) return `a field's name exceeds ${TEXT_BYTES_MAX} bytes`;
  }
  const isTooLarge = encodeSettings(settings).length > SETTINGS_BYTES_MAX;
  return isTooLarge ? `too large: settings exceed ${SETTINGS_BYTES_MAX} bytes as JSON` : undefined;
}

function isPercent(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= PERCENT_MAX;
}

function byteLength(text: string): number {
  return UTF8_ENCODER.encode(text).length;
}

/** As many as may be kept. */
function fieldsOf(value: unknown): Readonly<Record<string, string>> {
  const fields = Object.entries(recordOf(value, textOf));
  return Object.fromEntries(fields.slice(0, SETTINGS_FIELDS_MAX));
}
