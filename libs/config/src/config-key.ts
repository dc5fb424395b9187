import type { Config } from './schema.js';

type KeysOf<T> = T extends readonly unknown[]
  ? never
  : T extends object
    ? { [Name in keyof T & string]: Name | `${Name}.${KeysOf<NonNullable<T[Name]>>}` }[keyof T & string]
    : never;

/** A key or a section of the configuration in dotted form: `tls.cert`, `registry.tokens`. */
export type ConfigKey = KeysOf<Config>;
