import { maskConfig, showConfig } from '@cap/config';
import { printResult } from '../io.js';
import { verb } from '../verb.js';
import { configOptions, loadServiceConfig } from './service-config.js';

export default verb({
  examples: ['cap config show --config /etc/cap-verifier/app.yaml --json'],
  syntax: configOptions,
  run: async (io, options) => {
    const { config, warnings, sources } = loadServiceConfig(io, options);
    printResult(io, options, { config: maskConfig(config), sources: Object.fromEntries(sources) }, () =>
      showConfig(config),
    );
    for (const warning of warnings) io.err(`warning: ${warning}\n`);
  },
});
