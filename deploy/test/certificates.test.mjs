/** docs/install/certificates.md: the services serve the certificates its commands create, through the hook for certbot. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { commandsOf } from './pages.mjs';
import { Server } from './server.mjs';

const page = commandsOf('certificates');
const renew = '/etc/letsencrypt/renewal-hooks/deploy/cap';
const get = 'curl --silent --show-error --fail --resolve verifier.example.com:8443:127.0.0.1';
const url = 'https://verifier.example.com:8443/healthz';

let server;
before(async () => {
  server = await Server.boot();
  await server.run(commandsOf('binary').get('install'));
  await server.run(commandsOf('systemd').get('units'));
  await server.run(commandsOf('systemd').get('certbot-hook'));
});
after(() => server?.end());

test('self-signed: installed by the hook, trusted by whoever has it', async () => {
  assert.notEqual(
    (await server.run(`${get} --cacert /etc/cap-verifier/certs/server.crt ${url}`, { mayFail: true })).code,
    0,
  );
  await server.run(`${page.get('self-signed')}\nRENEWED_LINEAGE=~ ${renew}`);
  await server.until(`${get} --cacert ~/fullchain.pem ${url}`);
});

test('one\u2019s own certificate authority: two certificates in turn, the second without a signal', async () => {
  await server.run(`${page.get('authority')}\n${page.get('issue')}\nRENEWED_LINEAGE=~ ${renew}`);
  await server.until(`${get} --cacert ~/ca.crt ${url}`);
  const served = 'openssl s_client -connect localhost:8443 < /dev/null 2> /dev/null | openssl x509 -noout -fingerprint';
  const first = await server.ask(served);
  const pid = await server.ask('systemctl show --value --property=MainPID cap-verifier');
  await server.run(`${page.get('issue')}
    cd /etc/cap-verifier/certs
    install -m 0600 -o cap-verifier -g cap-verifier ~/privkey.pem new.key && mv new.key server.key
    install -m 0640 -o root -g cap-verifier ~/fullchain.pem new.crt && mv new.crt server.crt`);
  await server.until(`[ "$(${served})" != '${first}' ] && ${get} --cacert ~/ca.crt ${url}`, 60_000);
  assert.equal(await server.ask('systemctl show --value --property=MainPID cap-verifier'), pid);
  assert.match(await server.ask('journalctl -u cap-verifier -o cat'), /the certificate was renewed/);
});

test('the page shows when a certificate expires', async () => {
  assert.match(await server.ask(page.get('expiry')), /DNS:verifier\.example\.com[^]*Certificate will not expire/);
  await server.run(
    'openssl req -x509 -newkey ed25519 -nodes -days 5 -subj /CN=x -keyout privkey.pem -out fullchain.pem',
  );
  assert.equal((await server.run(page.get('expiry'), { mayFail: true })).code, 1);
});
