import { loadFileDescriptorSetFromBuffer } from '@grpc/proto-loader';
import { expect, it } from 'vitest';
import { answer, type ReflectionRequest } from '../../../src/faces/grpc/reflection.js';
import { services } from '../../../src/rpc/definitions.js';

const NOTHING: ReflectionRequest = {
  host: '',
  fileByFilename: undefined,
  fileContainingSymbol: undefined,
  allExtensionNumbersOfType: undefined,
  listServices: undefined,
};

const byFile = (name: string) =>
  answer({ ...NOTHING, fileByFilename: name, messageRequest: 'fileByFilename' });
const bySymbol = (name: string) =>
  answer({ ...NOTHING, fileContainingSymbol: name, messageRequest: 'fileContainingSymbol' });

/** What an independent reader makes of the descriptors. */
function load(files: readonly Uint8Array[]) {
  const set = Buffer.concat(
    files.flatMap((file) => {
      const length: number[] = [];
      let rest = file.length;
      for (; rest >= 0x80; rest >>>= 7) length.push((rest & 0x7f) | 0x80);
      return [Buffer.from([0x0a, ...length, rest]), file];
    }),
  );
  return loadFileDescriptorSetFromBuffer(set, { keepCase: false, longs: Number });
}

function filesOf(response: ReturnType<typeof answer>): readonly Uint8Array[] {
  return response.fileDescriptorResponse!.fileDescriptorProto! as readonly Uint8Array[];
}

it('lists all services', () => {
  const { listServicesResponse } = answer({
    ...NOTHING,
    listServices: '',
    messageRequest: 'listServices',
  });
  expect(listServicesResponse!.service!.map((service) => service!.name)).toEqual([
    'grpc.health.v1.Health',
    'grpc.reflection.v1.ServerReflection',
    'rollcall.v1.Catalog',
    'rollcall.v1.Cluster',
    'rollcall.v1.Sessions',
    'rollcall.v1.Tree',
  ]);
});

it('describes services so that others speak the same bytes', () => {
  const loaded = load(filesOf(bySymbol('rollcall.v1.Sessions.Stream')));
  const service = loaded['rollcall.v1.Sessions'] as unknown as Record<
    string,
    { path: string; requestSerialize(message: object): Buffer; responseStream: boolean }
  >;
  expect(service.Stream).toMatchObject({
    path: services.Sessions.Stream.path,
    responseStream: true,
  });
  const register = { service: 'web', tags: { a: 'b' }, ports: { m: 1 }, weight: 0 };
  // The library reads a map as what it is on the wire: a list of entries.
  const entries = { tags: [{ key: 'a', value: 'b' }], ports: [{ key: 'm', value: 1 }] };
  const asWritten = { ...register, ...entries };
  const bytes = service.Stream!.requestSerialize({
    acked_seq: 3,
    operations: [{ id: 1, register: asWritten }],
  });
  const decoded = services.Sessions.Stream.requestDeserialize(bytes);
  expect(decoded).toMatchObject({ ackedSeq: 3, operations: [{ id: 1, register }] });
});

it('knows files by name with all that they import, well-known types included', () => {
  expect(filesOf(byFile('rollcall/v1/sessions.proto'))).toHaveLength(4);
  for (const name of ['timestamp', 'struct', 'any', 'duration', 'empty', 'wrappers']) {
    const files = filesOf(byFile(`google/protobuf/${name}.proto`));
    expect(files).toHaveLength(1);
    expect(Buffer.from(files[0]!).includes(`google/protobuf/${name}.proto`)).toBe(true);
  }
  expect(load(filesOf(byFile('grpc/health/v1/health.proto')))).toHaveProperty([
    'grpc.health.v1.Health',
  ]);
});

it('says what it does not know', () => {
  expect(byFile('nowhere.proto').errorResponse).toMatchObject({ errorCode: 5 });
  expect(bySymbol('rollcall.v1.Nothing').errorResponse).toMatchObject({ errorCode: 5 });
  const extensions = { ...NOTHING, messageRequest: 'allExtensionNumbersOfType' };
  expect(answer(extensions).errorResponse).toMatchObject({ errorCode: 12 });
});
