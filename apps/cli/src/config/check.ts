import { readTlsPair } from '@cap/config';
import { printResult } from '../io.js';
import { verb } from '../verb.js';
import { configOptions, loadServiceConfig } from './service-config.js';

export default verb({
  examples: ['cap config check --config /etc/cap-verifier/app.yaml'],
  syntax: configOptions,
  run: async (io, options) => {
    const { config, warnings } = loadServiceConfig(io, options);
    readTlsPair(config);
    printResult(io, options, { ok: true, warnings }, () => 'ok');
    if (!options.json) for (const warning of warnings) io.err(`warning: ${warning}\n`);
  },
});
