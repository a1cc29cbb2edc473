/**
 * What a service says to all of its callers. Stored as JSON in the data of `/services/<service>`
 * (`codec/settings.ts`); its version is that node's.
 */
export interface ServiceSettings {
  /** Name of the balancing policy that callers use unless their code says otherwise; empty: theirs. */
  readonly policy: string;
  /** Per cent of the instances that must be UP; below it callers use all of them. 0: unset. */
  readonly minimumHealthy: number;
  /** Free form. */
  readonly fields: Readonly<Record<string, string>>;
}

export const NO_SETTINGS: ServiceSettings = { policy: '', minimumHealthy: 0, fields: {} };
