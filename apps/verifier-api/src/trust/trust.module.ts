import { Module } from '@nestjs/common';
import { Trust, trustProvider } from './trust.js';

/** The trust store of this verifier. */
@Module({ providers: [trustProvider], exports: [Trust] })
export class TrustModule {}
