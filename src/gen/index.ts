/** Generated from proto/rollcall/v1 by scripts/proto.mjs: do not edit. */
import type * as catalog from './catalog.js';
import type * as cluster from './cluster.js';
import type * as errors from './errors.js';
import type * as sessions from './sessions.js';
import type * as tree from './tree.js';

export * from './catalog.js';
export * from './cluster.js';
export * from './errors.js';
export * from './sessions.js';
export * from './tree.js';

/** Every message by its name. */
export interface Messages {
  AttachRequest: sessions.AttachRequest;
  CloseSessionRequest: sessions.CloseSessionRequest;
  CloseSessionResponse: sessions.CloseSessionResponse;
  CreateRequest: tree.CreateRequest;
  CreateResponse: tree.CreateResponse;
  DeleteRequest: tree.DeleteRequest;
  DeleteResponse: tree.DeleteResponse;
  DeregisterRequest: catalog.DeregisterRequest;
  DeregisterResponse: catalog.DeregisterResponse;
  ErrorDetail: errors.ErrorDetail;
  Event: tree.Event;
  Events: tree.Events;
  GetRequest: tree.GetRequest;
  GetResponse: tree.GetResponse;
  Guard: tree.Guard;
  HoldRequest: catalog.HoldRequest;
  HoldResponse: catalog.HoldResponse;
  Instance: catalog.Instance;
  InstanceChange: catalog.InstanceChange;
  InstanceChanges: catalog.InstanceChanges;
  InstanceFilter: catalog.InstanceFilter;
  InstanceSnapshot: catalog.InstanceSnapshot;
  InstancesRequest: catalog.InstancesRequest;
  InstancesResponse: catalog.InstancesResponse;
  ListRequest: tree.ListRequest;
  ListResponse: tree.ListResponse;
  MemberInfo: cluster.MemberInfo;
  MembersRequest: cluster.MembersRequest;
  MembersResponse: cluster.MembersResponse;
  Node: tree.Node;
  OpenSessionRequest: sessions.OpenSessionRequest;
  OpenSessionResponse: sessions.OpenSessionResponse;
  Operation: tree.Operation;
  OperationResponse: sessions.OperationResponse;
  OperationResult: tree.OperationResult;
  Override: tree.Override;
  RegisterRequest: catalog.RegisterRequest;
  RegisterResponse: catalog.RegisterResponse;
  ServiceSummary: catalog.ServiceSummary;
  ServicesRequest: catalog.ServicesRequest;
  ServicesResponse: catalog.ServicesResponse;
  SessionEnded: sessions.SessionEnded;
  SetRequest: tree.SetRequest;
  SetResponse: tree.SetResponse;
  Snapshot: tree.Snapshot;
  SnapshotNode: tree.SnapshotNode;
  Stale: tree.Stale;
  Stat: tree.Stat;
  StatusRequest: cluster.StatusRequest;
  StatusResponse: cluster.StatusResponse;
  StreamItem: sessions.StreamItem;
  StreamOperation: sessions.StreamOperation;
  StreamRequest: sessions.StreamRequest;
  StreamResponse: sessions.StreamResponse;
  StreamWatchResponse: sessions.StreamWatchResponse;
  SubscribeRequest: catalog.SubscribeRequest;
  SubscribeResponse: catalog.SubscribeResponse;
  TouchRequest: sessions.TouchRequest;
  TouchResponse: sessions.TouchResponse;
  TransactRequest: tree.TransactRequest;
  TransactResponse: tree.TransactResponse;
  UpdateInstanceRequest: catalog.UpdateInstanceRequest;
  WatchRequest: tree.WatchRequest;
  WatchResponse: tree.WatchResponse;
}

/** Every service by its name. */
export interface Services {
  Catalog: catalog.Catalog;
  Cluster: cluster.Cluster;
  Sessions: sessions.Sessions;
  Tree: tree.Tree;
}
