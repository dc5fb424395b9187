import { Module } from '@nestjs/common';
import { Trust, trustProvider } from './trust.js';

/** Whom this verifier trusts. */
@Module({ providers: [trustProvider], exports: [Trust] })
export class TrustModule {}
