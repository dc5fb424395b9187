import { type DefineGroup, group, verb } from '../frame/command.js';
import { scopes, wholeNumber } from '../frame/option-values.js';

export const DEFAULT_ISSUER_DIRECTORY = './dev-issuer';

export const defineDev: DefineGroup = (program, run) => {
  const dev = group(program, 'dev', 'throw-away token issuer: for development, never for production', [
    'cap dev issuer --out dev-issuer',
    'cap dev token --scope "verify:read policy:write" --issuer dev-issuer > token',
  ]);

  verb(dev, 'issuer', 'make an issuer: private.pem (mode 0600), public.pem, jwks.json, issuer.json', [
    'cap dev issuer',
    'cap dev issuer --out issuer --iss https://auth.example.com --audience cap-verifier',
  ])
    .option('--out <dir>', 'where it goes', DEFAULT_ISSUER_DIRECTORY)
    .option('--iss <name>', 'name that its tokens carry (oauth.issuer)', 'cap-dev-issuer')
    .option('--audience <text>', 'default audience of its tokens (oauth.audience)', 'cap-verifier')
    .action(run.action(async () => (await import('./issuer.js')).issuer));

  verb(dev, 'token', 'print a token (JWT, ES256)', [
    'cap dev token --scope verify:read',
    'CAP_TOKEN="$(cap dev token --scope verify:read)" cap verify bundle.zip --url http://127.0.0.1:8080',
  ])
    .requiredOption('--scope <scopes>', 'space-separated, e.g. "verify:read policy:write"', scopes)
    .option('--sub <text>', 'who the token speaks for', 'developer')
    .option('--issuer <dir>', 'directory of the issuer', DEFAULT_ISSUER_DIRECTORY)
    .option('--audience <text>', "default: the issuer's")
    .option('--expires-in <s>', 'seconds until it ends', wholeNumber(1, 31_536_000), 3600)
    .option('--out <file>', 'write the token there (mode 0600)', '-')
    .action(run.action(async () => (await import('./issuer.js')).token));
};
