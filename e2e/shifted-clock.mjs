/** Loaded before a service (`NODE_OPTIONS=--import=…`): its clock is off by the days in the file TEST_CLOCK_FILE, read at each look. */
import { readFileSync } from 'node:fs';

const file = new URL(process.env.TEST_CLOCK_FILE, 'file:').pathname;
const Real = Date;
const now = () => Real.now() + Number(readFileSync(file, 'utf8')) * 86_400_000;

globalThis.Date = class Date extends Real {
  constructor(...given) {
    super(...(given.length === 0 ? [now()] : given));
  }
  static now() {
    return now();
  }
};
