import { readFileSync } from 'node:fs';
import { Injectable } from '@nestjs/common';
import { certificatesOf } from '@cap/config';
import { type Ending, Expiries } from '../metrics/expiry.js';

/** More than these are the list of a system, which others keep up to date. */
const OWN_AUTHORITIES = 10;

/** Tells when the authorities end that this process trusts. */
@Injectable()
export class TrustedAuthorities {
  constructor(expiries: Expiries) {
    const endings = trustedAuthorities(process.env);
    expiries.add(() => endings);
  }
}

/** When the authorities end that this process trusts beside Node's own: those of NODE_EXTRA_CA_CERTS, read once, as Node does. */
function trustedAuthorities({ NODE_EXTRA_CA_CERTS: file }: NodeJS.ProcessEnv): Ending[] {
  if (!file) return [];
  try {
    const trusted = certificatesOf(readFileSync(file));
    if (trusted.length > OWN_AUTHORITIES) return [];
    return trusted.map(({ subject, validToDate }) => ({
      kind: 'trusted-authority',
      name: subject.replaceAll('\n', ', '),
      ends: validToDate,
    }));
  } catch {
    return []; // Node has warned of it
  }
}
