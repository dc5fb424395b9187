/** Ends what postgres-setup.fixture.mjs began. */
import { stop } from './postgres-setup.fixture.mjs';

export default stop;
