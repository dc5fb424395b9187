import { readFileSync } from 'node:fs';
import { Injectable } from '@nestjs/common';
import { certificatesOf } from '@cap/config';
import { type Expiry, Expiries } from '../metrics/expiry.js';

/** More than these are the list of a system, which others keep up to date. */
const OWN_AUTHORITIES = 10;

/** Tells when the authorities that this process trusts expire. */
@Injectable()
export class TrustedAuthorities {
  constructor(expiries: Expiries) {
    const authorities = trustedAuthorities(process.env);
    expiries.add(() => authorities);
  }
}

/** When the authorities expire that this process trusts beside Node's own: those of NODE_EXTRA_CA_CERTS, read once, as Node does. */
function trustedAuthorities({ NODE_EXTRA_CA_CERTS: file }: NodeJS.ProcessEnv): Expiry[] {
  if (!file) return [];
  try {
    const trusted = certificatesOf(readFileSync(file));
    if (trusted.length > OWN_AUTHORITIES) return [];
    return trusted.map(({ subject, validToDate }) => ({
      kind: 'trusted-authority',
      name: subject.replaceAll('\n', ', '),
      expiresAt: validToDate,
    }));
  } catch {
    return []; // Node has warned of it
  }
}
