/**
 * The numbers and names by which things are told apart. All numbers are safe integers, branded so
 * that a term can never be passed where an index is wanted. Ids of members and clusters are hex text.
 */

type Brand<T, Name extends string> = T & { readonly __brand: Name };

/** Raft's logical clock (thesis 3.3). 0 before the first election. */
export type Term = Brand<number, 'Term'>;

/** Position in the Raft log. The first entry is 1; 0 means "before the log". */
export type Index = Brand<number, 'Index'>;

/** The index of the entry that made a change: one number orders everything (DECISIONS 1). */
export type Revision = Index;

/** The revision of the entry that opened the session. 0 is "no session". */
export type SessionId = Brand<number, 'SessionId'>;

/** Random, minted once per data directory, never reused: 16 hex digits. */
export type MemberId = Brand<string, 'MemberId'>;

/** Hash over the sorted (name, id) list of the founding members: 32 hex digits. */
export type ClusterId = Brand<string, 'ClusterId'>;

export const asTerm = (n: number): Term => n as Term;
export const asIndex = (n: number): Index => n as Index;
export const asRevision = (n: number): Revision => n as Revision;
export const asSessionId = (n: number): SessionId => n as SessionId;
export const asMemberId = (s: string): MemberId => s as MemberId;
export const asClusterId = (s: string): ClusterId => s as ClusterId;

/** No session: the owner of persistent nodes and the sender of anonymous requests. */
export const NO_SESSION = asSessionId(0);
export const NO_INDEX = asIndex(0);
export const NO_TERM = asTerm(0);
