import { DEFAULT_LOCATIONS } from './default-locations.js';

/** A TCP address; port 0 lets the system choose. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

const EXPECTED = 'expected HOST:PORT, e.g. 127.0.0.1:8080 or [::1]:8080';

/** Parses `127.0.0.1:8080`, `localhost:0` or `[::]:8443`; throws a RangeError that says what was expected. */
export function parseAddress(text: string): Address {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  // The pattern lets through what no URL can name, such as 300.1.1.1.
  if (!match || port > 65_535 || !URL.canParse(`http://${text}`)) throw new RangeError(EXPECTED);
  return { host: match[1] ?? match[2]!, port };
}

export const formatAddress = ({ host, port }: Address): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '[::1]' || host === '::1' || /^127\./.test(host);

export type ServiceName = 'verifier' | 'registry' | 'backup';
/** Who loads a configuration. */
export type Role = ServiceName | 'cli';

/** Where each service listens by default: management and, with TLS, the API. */
export const DEFAULT_LISTENERS: Record<ServiceName, { management: string; api: string }> = {
  verifier: { management: `${DEFAULT_LOCATIONS.management}:8080`, api: '0.0.0.0:8443' },
  registry: { management: `${DEFAULT_LOCATIONS.management}:8081`, api: '0.0.0.0:8444' },
  backup: { management: `${DEFAULT_LOCATIONS.management}:8082`, api: '0.0.0.0:8445' },
};

/** The listeners of one service. */
export interface ListenPlan {
  /** /healthz, /readyz, /metrics, always plain HTTP. */
  readonly management: Address;
  /** Whether the API is served on the management listener (only without TLS). */
  readonly apiOnManagement: boolean;
  /** A listener for the API alone. */
  readonly api: { readonly address: Address; readonly tls: boolean } | null;
}

/** A bind address, and whether it was set explicitly (as a flag or environment variable, not in a file). */
export interface BindSetting {
  readonly text: string;
  readonly explicit: boolean;
}

/**
 * With TLS the API has a listener of its own. Without TLS it is served on the management listener, and a `bind` given as flag or
 * environment variable moves it there alone; a `server.bind` in a file is served in addition, because one file often serves both
 * modes. `own` is `registry.bind` / `backup.bind`: without TLS it is where such a service is reached, so management follows it.
 */
export function planListeners(
  service: ServiceName,
  said: { tls: boolean; bind?: BindSetting | undefined; own?: string | undefined; management?: string | undefined },
): ListenPlan {
  const defaults = DEFAULT_LISTENERS[service];
  const { tls, bind, own } = said;
  if (tls) {
    const api = (bind?.explicit ? bind.text : undefined) ?? own ?? bind?.text ?? defaults.api;
    return {
      management: parseAddress(said.management ?? defaults.management),
      apiOnManagement: false,
      api: { address: parseAddress(api), tls: true },
    };
  }
  const management = said.management ?? own ?? defaults.management;
  const separate = bind?.explicit ? bind.text : (own ?? bind?.text);
  const shared: ListenPlan = { management: parseAddress(management), apiOnManagement: true, api: null };
  if (separate === undefined) return shared;
  const address = parseAddress(separate);
  if (separate === management && address.port !== 0) return shared;
  if (separate === own && said.management === undefined) return shared;
  return { ...shared, apiOnManagement: bind?.explicit !== true, api: { address, tls: false } };
}
