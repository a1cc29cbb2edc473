/**
 * FileDescriptorProtos of .proto files, under their own names and with full type names, as reflection
 * clients in every language expect them. Built on our own because protobufjs merges files by package
 * and names types relatively.
 */
import protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor/index.js';

/** One file as text, or (well-known types) as the JSON that protobufjs bundles. */
export interface ProtoFile {
  /** As in an import. */
  readonly name: string;
  readonly source: string | object;
}

export interface DescribedFile {
  readonly name: string;
  readonly imports: readonly string[];
  /** Full names of everything declared: services, methods, messages, fields, enums. */
  readonly symbols: readonly string[];
  readonly services: readonly string[];
  readonly bytes: Buffer;
}

const LABEL_OPTIONAL = 1;
const LABEL_REPEATED = 3;
const TYPE_MESSAGE = 11;
const TYPE_ENUM = 14;

const SCALARS: Readonly<Record<string, number>> = {
  double: 1,
  float: 2,
  int64: 3,
  uint64: 4,
  int32: 5,
  fixed64: 6,
  fixed32: 7,
  bool: 8,
  string: 9,
  bytes: 12,
  uint32: 13,
  sfixed32: 15,
  sfixed64: 16,
  sint32: 17,
  sint64: 18,
};

/** All files at once, because they refer to each other. */
export function describe(files: readonly ProtoFile[]): DescribedFile[] {
  const root = new protobuf.Root();
  const parsed = files.map((file) => addFile(root, file));
  root.resolveAll();
  return parsed.map(describeFile);
}

interface Parsed {
  readonly name: string;
  readonly imports: readonly string[];
  readonly packageName: string;
  readonly objects: readonly protobuf.ReflectionObject[];
}

function addFile(root: protobuf.Root, { name, source }: ProtoFile): Parsed {
  const before = new Set(objectsOf(root));
  let imports: readonly string[] = [];
  if (typeof source === 'string') {
    imports = protobuf.parse(source, root, { keepCase: true }).imports ?? [];
  } else {
    root.addJSON(source as { [name: string]: protobuf.AnyNestedObject });
  }
  const objects = objectsOf(root).filter((object) => !before.has(object));
  const packageName = objects[0]?.parent?.fullName.slice(1) ?? '';
  return { name, imports, packageName, objects };
}

/** Declared at the top of a package. */
function objectsOf(namespace: protobuf.NamespaceBase): protobuf.ReflectionObject[] {
  return namespace.nestedArray.flatMap((nested) => {
    const isPackage =
      nested instanceof protobuf.Namespace &&
      !(nested instanceof protobuf.Type || nested instanceof protobuf.Service);
    return isPackage ? objectsOf(nested) : [nested];
  });
}

function describeFile({ name, imports, packageName, objects }: Parsed): DescribedFile {
  const types = objects.filter((object) => object instanceof protobuf.Type);
  const services = objects.filter((object) => object instanceof protobuf.Service);
  const enums = objects.filter((object) => object instanceof protobuf.Enum);
  const message = {
    name,
    package: packageName,
    dependency: imports,
    messageType: types.map(messageType),
    enumType: enums.map(enumType),
    service: services.map(serviceType),
    syntax: 'proto3',
  };
  const bytes = descriptor.FileDescriptorProto.encode(message as never).finish() as Buffer;
  const names = services.map((service) => service.fullName.slice(1));
  return { name, imports, symbols: objects.flatMap(symbolsOf), services: names, bytes };
}

function symbolsOf(object: protobuf.ReflectionObject): string[] {
  const own = object.fullName.slice(1);
  if (object instanceof protobuf.Type) {
    const fields = object.fieldsArray.map((field) => `${own}.${field.name}`);
    return [own, ...fields, ...object.nestedArray.flatMap(symbolsOf)];
  }
  if (object instanceof protobuf.Service) {
    return [own, ...object.methodsArray.map((method) => `${own}.${method.name}`)];
  }
  return [own];
}

function messageType(type: protobuf.Type): object {
  const nested = type.nestedArray;
  const maps = type.fieldsArray.filter((field) => field instanceof protobuf.MapField);
  return {
    name: type.name,
    field: type.fieldsArray.map(fieldType),
    nestedType: [
      ...nested.filter((object) => object instanceof protobuf.Type).map(messageType),
      ...maps.map(entryType),
    ],
    enumType: nested.filter((object) => object instanceof protobuf.Enum).map(enumType),
    oneofDecl: type.oneofsArray.map(({ name }) => ({ name })),
  };
}

function fieldType(field: protobuf.Field): object {
  const isMap = field instanceof protobuf.MapField;
  const entry = `${field.parent!.fullName}.${entryName(field)}`;
  const oneof = field.partOf ? { oneofIndex: oneofIndex(field) } : {};
  return {
    name: field.name,
    number: field.id,
    label: isMap || field.repeated ? LABEL_REPEATED : LABEL_OPTIONAL,
    ...(isMap ? { type: TYPE_MESSAGE, typeName: entry } : valueType(field)),
    ...oneof,
    jsonName: protobuf.util.camelCase(field.name),
  };
}

function oneofIndex(field: protobuf.Field): number {
  return (field.parent as protobuf.Type).oneofsArray.indexOf(field.partOf!);
}

function valueType(field: protobuf.FieldBase): object {
  const { resolvedType } = field;
  if (resolvedType === null) return { type: SCALARS[field.type] };
  const type = resolvedType instanceof protobuf.Enum ? TYPE_ENUM : TYPE_MESSAGE;
  return { type, typeName: resolvedType.fullName };
}

/** The message that stands for an entry of a map. */
function entryType(field: protobuf.MapField): object {
  const part = { label: LABEL_OPTIONAL };
  return {
    name: entryName(field),
    field: [
      { ...part, name: 'key', number: 1, type: SCALARS[field.keyType], jsonName: 'key' },
      { ...part, name: 'value', number: 2, ...valueType(field), jsonName: 'value' },
    ],
    options: { mapEntry: true },
  };
}

function entryName(field: protobuf.FieldBase): string {
  return `${protobuf.util.ucFirst(protobuf.util.camelCase(field.name))}Entry`;
}

function enumType({ name, values }: protobuf.Enum): object {
  return { name, value: Object.entries(values).map(([key, number]) => ({ name: key, number })) };
}

function serviceType(service: protobuf.Service): object {
  return {
    name: service.name,
    method: service.methodsArray.map((method) => ({
      name: method.name,
      inputType: method.resolvedRequestType!.fullName,
      outputType: method.resolvedResponseType!.fullName,
      clientStreaming: method.requestStream === true,
      serverStreaming: method.responseStream === true,
    })),
  };
}
