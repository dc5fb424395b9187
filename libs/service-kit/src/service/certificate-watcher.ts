import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import type { Config } from '@cap/config';
import { Readiness } from '../health/readiness.js';
import { Listeners } from '../http/listeners.js';
import { Logs, type ModuleLog } from '../logging/logs.js';
import { Expiries } from '../metrics/expiry.js';
import { assertValidNow, type Certificate, CertificateFiles, readCertificate } from './certificate.js';
import { Reload } from './reload.js';

/** The certificate that is served when the service starts, and how often its files are checked. */
export class ServedCertificate {
  constructor(
    readonly certificate: Certificate,
    readonly lookMs: number,
  ) {}
}

/** Renews the certificate on SIGHUP and when its files change; reports when it expires and whether it is valid. */
@Injectable()
export class CertificateWatcher implements OnModuleInit, OnModuleDestroy {
  private readonly log: ModuleLog;
  private readonly files = new CertificateFiles();
  private readonly lookMs: number;
  private inUse: Certificate;
  private tls: Config['tls'];
  private timer: NodeJS.Timeout | undefined;
  private looking = false;

  constructor(
    served: ServedCertificate,
    config: ConfigService<Config, true>,
    private readonly listeners: Listeners,
    readiness: Readiness,
    reload: Reload,
    expiries: Expiries,
    logs: Logs,
  ) {
    this.log = logs.for('service');
    this.inUse = served.certificate;
    this.lookMs = served.lookMs;
    this.tls = config.get('tls', { infer: true });
    readiness.add('certificate', () => assertValidNow(this.inUse));
    reload.add('certificate', (fresh) => this.reload(fresh), ['tls.cert', 'tls.key', 'tls.min_version']);
    expiries.add(() => [{ kind: 'certificate', name: this.tls.cert!, expiresAt: this.inUse.validTo }]);
  }

  onModuleInit(): void {
    this.timer = setInterval(() => void this.look(), this.lookMs).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  private reload(config: Config): void {
    const fresh = readCertificate(config);
    if (!fresh) return;
    this.use(fresh);
    this.tls = config.tls;
  }

  private use(fresh: Certificate): void {
    this.listeners.replaceCertificate(fresh.options);
    this.inUse = fresh;
  }

  private async look(): Promise<void> {
    if (this.looking) return; // a mount that hangs is read only once
    this.looking = true;
    try {
      const fresh = await this.files.changed(this.tls, this.inUse);
      if (!fresh) return;
      this.use(fresh);
      this.log.info('the certificate was renewed', { valid_to: fresh.validTo.toISOString() });
    } catch (error) {
      this.log.error("the certificate files changed and can't be used, the old certificate stays in use", { error });
    } finally {
      this.looking = false;
    }
  }
}
