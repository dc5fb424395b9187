/** Types of local-stack.mjs for the end-to-end tests. */
export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}
export interface CapOptions {
  cwd?: string;
  env?: Record<string, string>;
  input?: string | Uint8Array;
  expected?: number;
}
export function cap(args: string[], options?: CapOptions): Promise<Finished>;
export function capOk(args: string[], options?: CapOptions): Promise<Finished>;
export function mainOf(program: string): string;
export function freePort(): Promise<number>;
export interface Exit {
  code: number | null;
  signal: string | null;
}
export interface StartOptions {
  /** More arguments, for the verifier API. */
  args?: string[];
  logFile?: string;
  env?: Record<string, string>;
}
export class Service {
  constructor(program: string, args: string[], url: string, options?: StartOptions);
  readonly program: string;
  readonly url: string;
  readonly log: string;
  readonly pid: number;
  readonly exited: Promise<Exit>;
  ready(timeoutMs?: number): Promise<number>;
  stop(signal?: string): Promise<Exit>;
}
export interface Stack {
  directory: string;
  at(...parts: string[]): string;
  port: { verifier: number; registry: number; backup: number };
  tokens: { verifier: string; backup: string; operator: string };
  backupKid: string;
  issuer: string;
  verifierUrl: string;
  registryUrl: string;
  backupUrl: string;
  start: {
    registry(options?: StartOptions): Service;
    verifier(options?: StartOptions): Service;
    backup(options?: StartOptions): Service;
  };
  token(scope: string, ...more: string[]): Promise<string>;
}
export function prepareStack(
  directory: string,
  options?: {
    ports?: { verifier?: number; registry?: number; backup?: number };
    trust?: string;
    tls?: object;
    verification?: object;
    logLevel?: string;
  },
): Promise<Stack>;
export function stopAll(services: Service[]): Promise<void>;
