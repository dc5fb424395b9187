/** What the rules need to know about a rendering: its workloads, what they mount, who selects whom. */
import { parse } from 'yaml';

const WORKLOADS = ['Deployment', 'StatefulSet', 'CronJob', 'Job', 'Pod'];

export class Cluster {
  constructor(documents) {
    this.documents = documents;
    this.workloads = documents
      .filter(({ kind }) => WORKLOADS.includes(kind))
      .map((document) => new Workload(document, this));
  }

  all(kind) {
    return this.documents.filter((document) => document.kind === kind);
  }

  one(kind, name) {
    return this.documents.find((document) => document.kind === kind && document.metadata.name === name);
  }

  workload(name) {
    return this.workloads.find((workload) => workload.name === name);
  }

  /** Keys of a ConfigMap or Secret -> text, where known; null if it does not exist. */
  contents(kind, name) {
    const there = this.one(kind, name);
    if (there) {
      const decode = kind === 'Secret' ? (text) => Buffer.from(text, 'base64').toString() : (text) => text;
      return Object.fromEntries(Object.entries(there.data ?? {}).map(([key, text]) => [key, decode(text)]));
    }
    return kind === 'Secret' && this.isIssued(name) ? { 'tls.crt': '', 'tls.key': '', 'ca.crt': '' } : null;
  }

  /** Whether cert-manager creates this Secret. */
  isIssued(name) {
    return this.all('Certificate').some(({ spec }) => spec.secretName === name);
  }

  claims() {
    const templates = this.all('StatefulSet').flatMap(({ metadata, spec }) =>
      (spec.volumeClaimTemplates ?? []).map((claim) => `${claim.metadata.name}-${metadata.name}-0`),
    );
    return [...this.all('PersistentVolumeClaim').map(({ metadata }) => metadata.name), ...templates];
  }

  selected(selector) {
    return this.workloads.filter(({ labels }) => selects(selector, labels));
  }
}

export class Workload {
  constructor(document, cluster) {
    const { kind, spec } = document;
    this.cluster = cluster;
    this.document = document;
    this.name = document.metadata.name;
    this.template = kind === 'Pod' ? document : (kind === 'CronJob' ? spec.jobTemplate.spec : spec).template;
    this.pod = this.template.spec;
    this.labels = this.template.metadata.labels;
    this.container = this.pod.containers.find(({ name }) => name === this.name) ?? this.pod.containers[0];
    this.serves = kind === 'Deployment' || kind === 'StatefulSet';
  }

  port(name) {
    return this.container.ports?.find((port) => port.name === name)?.containerPort;
  }

  /** Files a container sees in its mounts: path -> text; writable directories are not included. */
  files(container = this.container) {
    const files = new Map();
    for (const { name, mountPath } of container.volumeMounts ?? []) {
      const volume = this.pod.volumes?.find((candidate) => candidate.name === name);
      const source = volume?.configMap ?? volume?.secret;
      if (!source) continue;
      const contents = this.cluster.contents(volume.secret ? 'Secret' : 'ConfigMap', source.secretName ?? source.name);
      const items = source.items ?? Object.keys(contents ?? {}).map((key) => ({ key, path: key }));
      for (const item of items) files.set(`${mountPath}/${item.path}`, contents?.[item.key]);
    }
    return files;
  }

  /** Whether a path is on a writable volume. */
  isWritten(file) {
    return (this.container.volumeMounts ?? []).some(
      ({ mountPath, readOnly }) => !readOnly && `${file}/`.startsWith(`${mountPath}/`),
    );
  }

  environment() {
    return Object.fromEntries((this.container.env ?? []).map(({ name, value }) => [name, value]));
  }

  /** Its configuration, from all its files; null if it has none. */
  config() {
    const files = this.files();
    const texts = ['app', 'auth', 'tls'].map((name) => files.get(`/config/${name}.yaml`)).filter(Boolean);
    return texts.length === 0 ? null : Object.assign({}, ...texts.map((text) => parse(text)));
  }
}

export function selects(selector, labels) {
  const { matchLabels = {}, matchExpressions = [] } = selector;
  return (
    Object.entries(matchLabels).every(([key, value]) => labels?.[key] === value) &&
    matchExpressions.every(({ key, operator, values }) => operator === 'In' && values.includes(labels?.[key]))
  );
}

export const certificatesOf = (gateway) =>
  gateway.spec.listeners.flatMap(({ tls }) => (tls?.certificateRefs ?? []).map(({ name }) => name));
