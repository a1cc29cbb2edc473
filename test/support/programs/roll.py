"""What a program in another language does with nothing but grpcio: hold a place, read, subscribe.

usage: roll.py GENERATED HOST:PORT hold SERVICE PORT | read SERVICE | subscribe SERVICE | tree PATH
Prints one JSON object a line.
"""

import json
import sys

import grpc

sys.path.insert(0, sys.argv[1])
from rollcall.v1 import catalog_pb2, catalog_pb2_grpc, tree_pb2, tree_pb2_grpc  # noqa: E402


def show(**fields):
    print(json.dumps(fields), flush=True)


def hold(channel, service, port):
    request = catalog_pb2.HoldRequest(
        service=service, port=int(port), tags={"language": "python"}, session_timeout_ms=60000
    )
    for answer in catalog_pb2_grpc.CatalogStub(channel).Hold(request):
        state = catalog_pb2.HoldState.Name(answer.hold)
        show(hold=state, id=answer.instance.id, url=answer.instance.url)


def read(channel, service):
    request = catalog_pb2.InstancesRequest(service=service)
    answer = catalog_pb2_grpc.CatalogStub(channel).Instances(request, timeout=10)
    show(ids=[instance.id for instance in answer.instances], revision=answer.revision)


def subscribe(channel, service):
    request = catalog_pb2.SubscribeRequest(service=service)
    for answer in catalog_pb2_grpc.CatalogStub(channel).Subscribe(request):
        kind = answer.WhichOneof("kind")
        if kind == "snapshot":
            show(snapshot=[instance.id for instance in answer.snapshot.instances])
        if kind == "changes":
            for change in answer.changes.changes:
                name = catalog_pb2.ChangeType.Name(change.type)
                show(change=name, id=change.instance.id, reason=change.reason)


def tree(channel, path):
    stub = tree_pb2_grpc.TreeStub(channel)
    created = stub.Create(tree_pb2.CreateRequest(path=path, data=b"from python"), timeout=10)
    node = stub.Get(tree_pb2.GetRequest(path=path), timeout=10).node
    listed = stub.List(tree_pb2.ListRequest(path="/"), timeout=10)
    try:
        stub.Create(tree_pb2.CreateRequest(path=path), timeout=10)
        code = "none"
    except grpc.RpcError as error:
        code = error.code().name
    show(
        revision=created.revision,
        data=node.data.decode(),
        paths=[found.path for found in listed.nodes],
        again=code,
    )


def main():
    _, _, target, act, *arguments = sys.argv
    with grpc.insecure_channel(target) as channel:
        {"hold": hold, "read": read, "subscribe": subscribe, "tree": tree}[act](channel, *arguments)


main()
