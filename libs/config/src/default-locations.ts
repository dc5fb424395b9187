/** Default locations of files, and who can reach the management listener by default. */
export interface DefaultLocations {
  /** Host of the management listeners. */
  readonly management: string;
  readonly certificate: { readonly cert?: string; readonly key?: string };
  readonly database: string;
  readonly blobs: string;
  readonly keys: string;
  readonly config: string;
  readonly certs: string;
  readonly backups: string;
}

const ON_A_MACHINE: DefaultLocations = {
  management: '127.0.0.1',
  certificate: {},
  database: '/var/lib/cap-verifier/registry.db',
  blobs: '/var/lib/cap-verifier/blobs',
  keys: '/var/lib/cap-verifier/keys',
  config: '/etc/cap-verifier',
  certs: '/etc/cap-verifier/certs',
  backups: '/backups/cap-verifier',
};

/** A container has its own loopback: whoever probes or scrapes it comes from outside of it. */
const IN_AN_IMAGE: DefaultLocations = {
  management: '0.0.0.0',
  certificate: { cert: '/certs/tls.crt', key: '/certs/tls.key' },
  database: '/data/registry.db',
  blobs: '/data/blobs',
  keys: '/data/keys',
  config: '/config',
  certs: '/certs',
  backups: '/backups/cap-verifier',
};

/** Set where an image is built (scripts/images), as a part of the code: an environment variable would override users' files. */
declare const CAP_IN_IMAGE: boolean | undefined;

export const DEFAULT_LOCATIONS: DefaultLocations = typeof CAP_IN_IMAGE === 'undefined' ? ON_A_MACHINE : IN_AN_IMAGE;
