/**
 * Whether a message can be sent as it stands. The encoder would throw on a number where text belongs, in
 * the middle of a connection that others use; it would cut numbers, and leave out a misspelt field without
 * a word. Refuses all of that by the field's name; whether the values make sense is the cluster's to say.
 */
import protobuf from 'protobufjs';

/** What is wrong: where, below the value, and what is wanted. undefined: nothing. */
export type OutgoingCheck = (value: unknown) => string | undefined;

const UINT32_MAX = 0xffff_ffff;

const checks = new WeakMap<protobuf.Type, OutgoingCheck>();

export function outgoingCheckOf(type: protobuf.Type): OutgoingCheck {
  const known = checks.get(type);
  if (known !== undefined) return known;
  const fields = new Map<string, OutgoingCheck>();
  const check = (value: unknown): string | undefined => messageProblem(fields, value);
  checks.set(type, check);
  for (const field of type.fieldsArray) fields.set(field.name, fieldCheck(field.resolve()));
  return check;
}

function messageProblem(
  fields: ReadonlyMap<string, OutgoingCheck>,
  value: unknown,
): string | undefined {
  if (!isObject(value)) return wanted('an object', value);
  // The keys are the message's own: what is sent was written as a literal.
  for (const name in value) {
    const found = value[name];
    if (found === undefined) continue;
    const check = fields.get(name);
    const problem = check === undefined ? ': there is no such field' : check(found);
    if (problem !== undefined) return `.${name}${problem}`;
  }
  return undefined;
}

function fieldCheck(field: protobuf.Field): OutgoingCheck {
  const check = valueCheck(field);
  if (field instanceof protobuf.MapField) return (value) => mapProblem(check, value);
  return field.repeated ? (value) => listProblem(check, value) : check;
}

function valueCheck({ type, resolvedType }: protobuf.Field): OutgoingCheck {
  if (resolvedType instanceof protobuf.Type) return outgoingCheckOf(resolvedType);
  if (resolvedType instanceof protobuf.Enum) return oneOf(Object.values(resolvedType.values));
  if (type === 'string') return textProblem;
  if (type === 'bytes') return bytesProblem;
  if (type === 'bool') return boolProblem;
  return wholeNumber(type in protobuf.types.long ? Number.MAX_SAFE_INTEGER : UINT32_MAX);
}

function mapProblem(check: OutgoingCheck, value: unknown): string | undefined {
  if (!isObject(value) || Array.isArray(value)) return wanted('an object', value);
  for (const key of Object.keys(value)) {
    const problem = check(value[key]);
    if (problem !== undefined) return `.${key}${problem}`;
  }
  return undefined;
}

function listProblem(check: OutgoingCheck, value: unknown): string | undefined {
  if (!Array.isArray(value)) return wanted('a list', value);
  for (let i = 0; i < value.length; i++) {
    const problem = check(value[i]);
    if (problem !== undefined) return `[${i}]${problem}`;
  }
  return undefined;
}

function textProblem(value: unknown): string | undefined {
  return typeof value === 'string' ? undefined : wanted('text', value);
}

function bytesProblem(value: unknown): string | undefined {
  return value instanceof Uint8Array ? undefined : wanted('bytes', value);
}

function boolProblem(value: unknown): string | undefined {
  return typeof value === 'boolean' ? undefined : wanted('true or false', value);
}

function wholeNumber(max: number): OutgoingCheck {
  return (value) => {
    const isFit = Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max;
    return isFit ? undefined : wanted(`a whole number from 0 to ${max}`, value);
  };
}

function oneOf(values: readonly number[]): OutgoingCheck {
  const known = new Set<unknown>(values);
  return (value) => (known.has(value) ? undefined : ': there is no such choice');
}

function wanted(what: string, value: unknown): string {
  const given = typeof value === 'number' || value === null ? String(value) : typeof value;
  return `: ${what} is wanted, not ${given}`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
