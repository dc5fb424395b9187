import { verb } from '../verb.js';
import { setHold } from './hold.js';
import { registryOptions } from './open-registry.js';

export default verb({
  examples: ['cap registry release 0x5f0c… --url http://127.0.0.1:8081'],
  syntax: (command) => registryOptions(command).argument('<id>'),
  run: (io, options, id) => setHold(io, options, id, false),
});
