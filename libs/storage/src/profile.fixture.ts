/** Which storage profile the tests run on: the environment says it, and the global set-up of jest starts what it needs. */
import { describe, it } from '@jest/globals';
import { createDatabase, dropDatabase } from './database/postgres.fixture.js';
import './s3/one-realm.fixture.js';
import { S3Double } from './s3/s3-double.fixture.js';
import type { RegistryLocation } from './profiles.js';

export const PROFILE = process.env.CAP_TEST_PROFILE === 'scale-out' ? 'scale-out' : 'embedded';

/** Tests of what only one profile has. */
export const [embeddedIt, embeddedDescribe] = PROFILE === 'embedded' ? [it, describe] : [it.skip, describe.skip];
export const scaleOutIt = PROFILE === 'scale-out' ? it : it.skip;

let databases = 0;

/** A database and a bucket of its own. */
export class ScaleOutStores {
  private constructor(
    private readonly server: string,
    readonly database: string,
    readonly double: S3Double,
  ) {}

  static async make(): Promise<ScaleOutStores> {
    const server = process.env.CAP_TEST_POSTGRES;
    if (!server) throw new Error('CAP_TEST_POSTGRES names no server: run pnpm test:scale-out');
    const database = await createDatabase(server, `cap_${process.pid}_${++databases}`);
    return new ScaleOutStores(server, database, await S3Double.start());
  }

  get place(): RegistryLocation {
    return { database: this.database, blobs: { s3: this.double.place } };
  }

  async remove(): Promise<void> {
    await this.double.stop();
    await dropDatabase(this.server, this.database);
  }
}
