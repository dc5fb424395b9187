/** Renders deploy/kubernetes as `kubectl apply -k` does, with fresh secrets, in a scratch copy. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import { root } from '../../../scripts/setup.mjs';
import { demandKubectl, quietly } from '../host.mjs';

export const CAP = path.join(root, 'apps/cli/dist/main.js');
export const OVERLAYS = ['dev', 'production', 'production-ha'];
/** Which components go on top of which overlay. */
export const ON_TOP = {
  production: ['ingress-nginx', 'gateway', 'cert-manager', 'service-monitor', 'tuned', 'restore'],
  'production-ha': ['ingress-nginx', 'gateway', 'cert-manager', 'service-monitor', 'tuned', 'migrate'],
};

/** Kubernetes reads YAML 1.1: 0440 is an octal number there. */
const documentsOf = (text) =>
  parseAllDocuments(text, { version: '1.1' }).map((document) => {
    if (document.errors.length > 0) throw document.errors[0];
    return document.toJS();
  });

export class Manifests {
  constructor() {
    demandKubectl();
    this.directory = mkdtempSync(path.join(tmpdir(), 'cap-kubernetes-'));
    cpSync(path.join(root, 'deploy/kubernetes'), this.directory, {
      recursive: true,
      filter: (file) => path.basename(file) !== 'local',
    });
  }

  at(...names) {
    return path.join(this.directory, ...names);
  }

  /** What the page tells people to create, for every overlay. */
  makeSecrets(...more) {
    const [first, ...others] = OVERLAYS;
    const local = this.at('overlays', first, 'local');
    quietly(path.join(root, 'deploy/scripts/make-secrets.sh'), ['--dev-issuer', ...more, local], {
      env: { ...process.env, CAP: `${process.execPath} ${CAP}` },
    });
    quietly(process.execPath, [CAP, 'trust', 'init', '--out', path.join(local, 'config/trust.json')]);
    for (const other of others) cpSync(local, this.at('overlays', other, 'local'), { recursive: true });
    this.write('overlays/production-ha/local/storage/database.url', 'postgres://cap:canary-p4ss@db.example.com/cap');
    this.write('overlays/production-ha/local/storage/s3.access_key_id', 'canary-id');
    this.write('overlays/production-ha/local/storage/s3.secret_access_key', 'canary-s3cret');
    copyFileSync(
      this.at('overlays/production-ha/local/certs/ca.crt'),
      this.at('overlays/production-ha/local/storage/ca.crt'),
    );
  }

  write(file, text) {
    mkdirSync(path.dirname(this.at(file)), { recursive: true });
    writeFileSync(this.at(file), text);
  }

  kustomize(overlay) {
    return spawnSync('kubectl', ['kustomize', this.at('overlays', overlay)], { encoding: 'utf8' });
  }

  render(overlay) {
    const { status, stdout, stderr } = this.kustomize(overlay);
    if (status !== 0) throw new Error(`kubectl kustomize ${overlay}: ${stderr}`);
    return documentsOf(stdout);
  }

  /** A custom overlay, as on the page. */
  renderWith(overlay, components, more = '') {
    this.putOnTop(overlay, components, more);
    return this.render('own');
  }

  putOnTop(overlay, components, more = '') {
    this.write(
      'overlays/own/kustomization.yaml',
      `resources: [../${overlay}]\ncomponents: [${components.map((name) => `../../components/${name}`).join(', ')}]\n${more}`,
    );
  }

  /** A file that is applied on its own. */
  documents(file) {
    return documentsOf(readFileSync(this.at(file), 'utf8'));
  }

  replace(file, text) {
    const kept = this.at('kept');
    copyFileSync(this.at(file), kept);
    this.write(file, text);
    return () => copyFileSync(kept, this.at(file));
  }

  remove() {
    rmSync(this.directory, { recursive: true });
  }
}

export const version = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')).version;
