/**
 * gRPC server reflection: what services there are and how their messages look, so that grpcurl and its
 * like work without our .proto files. Knows well-known types by file name too, which the library for
 * this does not. Descriptors are built when somebody asks for the first time.
 */
import { readFileSync } from 'node:fs';
import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import { protoPath as healthProtoPath } from 'grpc-health-check';
import protobuf from 'protobufjs';
import { loadSchema, readProto } from '../../rpc/schema.js';
import type { Method, Outgoing } from '../../rpc/shapes.js';
import { type DescribedFile, describe, type ProtoFile } from './descriptors.js';
import { Malformed, tolerant } from './malformed.js';
import { callStatus } from './status.js';

const REFLECTION_FILE = 'grpc/reflection/v1/reflection.proto';
const OWN_FILES = [
  'rollcall/v1/errors.proto',
  'rollcall/v1/tree.proto',
  'rollcall/v1/catalog.proto',
  'rollcall/v1/sessions.proto',
  'rollcall/v1/cluster.proto',
  REFLECTION_FILE,
];
const HEALTH_FILE = 'grpc/health/v1/health.proto';
const WELL_KNOWN = ['any', 'duration', 'empty', 'field_mask', 'struct', 'timestamp', 'wrappers'];

export interface ReflectionRequest {
  readonly host: string;
  readonly fileByFilename: string | undefined;
  readonly fileContainingSymbol: string | undefined;
  readonly allExtensionNumbersOfType: string | undefined;
  readonly listServices: string | undefined;
  readonly messageRequest?: string;
}

export interface ReflectionResponse {
  readonly validHost: string;
  readonly originalRequest: ReflectionRequest;
  readonly fileDescriptorResponse: { readonly fileDescriptorProto: readonly Uint8Array[] };
  readonly listServicesResponse: { readonly service: readonly { readonly name: string }[] };
  readonly errorResponse: { readonly errorCode: number; readonly errorMessage: string };
}

type Reflection = {
  readonly ServerReflectionInfo: Method<ReflectionRequest, ReflectionResponse>;
};

/** Under its name, and under the one before it that older tools still use: the messages are the same. */
export function reflectionServices(): readonly Reflection[] {
  const name = 'grpc.reflection.v1.ServerReflection';
  const current = tolerant(loadSchema([REFLECTION_FILE]).service<Reflection>(name));
  const path = '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo';
  return [current, { ServerReflectionInfo: { ...current.ServerReflectionInfo, path } }];
}

type Call = ServerDuplexStream<ReflectionRequest | Malformed, Outgoing<ReflectionResponse>>;

export function reflect(call: Call): void {
  call.on('data', (request: ReflectionRequest | Malformed) => {
    if (request instanceof Malformed) call.emit('error', callStatus(request.error));
    else call.write(answer(request));
  });
  call.on('end', () => call.end());
}

export function answer(request: ReflectionRequest): Outgoing<ReflectionResponse> {
  const frame = { validHost: request.host, originalRequest: request };
  return { ...frame, ...(answerOf(request) ?? notFound(request)) };
}

function answerOf(request: ReflectionRequest): Outgoing<ReflectionResponse> | undefined {
  const { byName, bySymbol, services } = described();
  switch (request.messageRequest) {
    case 'listServices':
      return { listServicesResponse: { service: services.map((name) => ({ name })) } };
    case 'fileByFilename':
      return withImports(byName.get(request.fileByFilename!));
    case 'fileContainingSymbol':
      return withImports(bySymbol.get(request.fileContainingSymbol!));
    default:
      return undefined;
  }
}

function notFound({ messageRequest }: ReflectionRequest): Outgoing<ReflectionResponse> {
  const isKnown = messageRequest?.startsWith('file') === true;
  const errorCode = isKnown ? status.NOT_FOUND : status.UNIMPLEMENTED;
  return { errorResponse: { errorCode, errorMessage: isKnown ? 'not found' : 'not supported' } };
}

/** The file first, then everything that it needs. */
function withImports(file: DescribedFile | undefined): Outgoing<ReflectionResponse> | undefined {
  if (file === undefined) return undefined;
  const { byName } = described();
  const needed = new Set([file]);
  for (const each of needed) {
    for (const name of each.imports) {
      const imported = byName.get(name);
      if (imported !== undefined) needed.add(imported);
    }
  }
  const fileDescriptorProto = [...needed].map(({ bytes }) => bytes);
  return { fileDescriptorResponse: { fileDescriptorProto } };
}

interface Described {
  readonly byName: ReadonlyMap<string, DescribedFile>;
  readonly bySymbol: ReadonlyMap<string, DescribedFile>;
  readonly services: readonly string[];
}

let cached: Described | undefined;

function described(): Described {
  cached ??= index(describe(sources()));
  return cached;
}

function index(files: readonly DescribedFile[]): Described {
  const bySymbol = new Map(
    files.flatMap((file) => file.symbols.map((symbol) => [symbol, file] as const)),
  );
  const byName = new Map(files.map((file) => [file.name, file]));
  return { byName, bySymbol, services: files.flatMap(({ services }) => services).sort() };
}

function sources(): ProtoFile[] {
  const wellKnown = WELL_KNOWN.map((name) => {
    const file = `google/protobuf/${name}.proto`;
    return { name: file, source: protobuf.common.get(file)!.nested! };
  });
  const own = OWN_FILES.map((name) => ({ name, source: readProto(name) }));
  const health = { name: HEALTH_FILE, source: readFileSync(healthProtoPath, 'utf8') };
  return [...wellKnown, ...own, health];
}
