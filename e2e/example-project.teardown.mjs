/** Ends what example-project.setup.mjs began. */
import { remove } from './example-project.setup.mjs';

export default remove;
