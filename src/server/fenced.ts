/** Why a member ends its life: what it holds contradicts the majority. The next one begins in quarantine. */
export class Fenced extends Error {
  override readonly name = 'Fenced';
}
