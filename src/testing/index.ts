/** The public surface of `rollcall/testing`, listed by hand. Importing it opens nothing. */
export {
  startTestCluster,
  type TestCluster,
  type TestClusterOptions,
  type TestMember,
  type TestMemberState,
} from './cluster.js';
