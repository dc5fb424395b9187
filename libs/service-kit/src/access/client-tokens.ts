import { createHash, timingSafeEqual } from 'node:crypto';
import { type Config } from '@cap/config';
import { type Principal } from './principal.js';

const NO_SCOPES: ReadonlySet<string> = new Set();

/** The tokens of internal clients, known by their SHA-256 only; two per client are valid during rotation. */
export class ClientTokens {
  private clients: readonly { principal: Principal; digest: Buffer }[] = [];

  constructor(tokens: Config['registry']['tokens']) {
    this.set(tokens);
  }

  set(tokens: Config['registry']['tokens']): void {
    this.clients = Object.entries(tokens).flatMap(([client, hashes]) => {
      const principal: Principal = { subject: client, scopes: NO_SCOPES, client };
      return hashes.map((text) => ({ principal, digest: Buffer.from(text.slice('sha256:'.length), 'hex') }));
    });
  }

  /** The client that holds this token. Every digest is compared, so that time tells nothing. */
  identify(token: string): Principal | null {
    const digest = createHash('sha256').update(token).digest();
    let found: Principal | null = null;
    for (const client of this.clients) if (timingSafeEqual(client.digest, digest)) found = client.principal;
    return found;
  }
}
