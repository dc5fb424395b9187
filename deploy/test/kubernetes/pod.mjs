/**
 * Pods of a rendering, run by a container engine as the kubelet would: files, users, limits, probes, preStop. A pod field that
 * is not implemented here stops the test, except for what only a cluster can do.
 */
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Cluster, selects } from './cluster.mjs';

const NETWORK = 'cap-pods';
/** Probes run more often than specified, to save time; the total time they may take is as specified. */
const POLL_MS = 200;
const WATCH_MS = 1_000;

/** Where a pod runs, how much of a node's disk it may use, and that it does not talk to the Kubernetes API. */
const ONLY_A_CLUSTER = ['topologySpreadConstraints', 'affinity', 'nodeSelector', 'tolerations', 'priorityClassName'];
const POD = [
  ...['containers', 'volumes', 'securityContext', 'restartPolicy', 'terminationGracePeriodSeconds'],
  ...['automountServiceAccountToken', 'enableServiceLinks', 'activeDeadlineSeconds'],
];
const CONTAINER = [
  ...['name', 'image', 'imagePullPolicy', 'command', 'args', 'env', 'ports', 'resources', 'securityContext'],
  ...['volumeMounts', 'lifecycle', 'startupProbe', 'livenessProbe', 'readinessProbe'],
];
const PROBE = [
  'httpGet',
  'initialDelaySeconds',
  'periodSeconds',
  'timeoutSeconds',
  'failureThreshold',
  'successThreshold',
];

/** Returns the object; throws if it has any other field. */
function only(known, object, where) {
  for (const field of Object.keys(object ?? {}))
    if (!known.includes(field)) throw new Error(`${where}.${field} is not carried out by the test: teach it`);
  return object ?? {};
}
function demand(truth, words) {
  if (!truth) throw new Error(`${words}: not carried out by the test`);
}

const UNITS = { Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 };
const bytesOf = (text) => {
  const [, number, unit] = /^(\d+)(Ki|Mi|Gi)$/.exec(text) ?? [];
  demand(number, `the quantity ${text}`);
  return number * UNITS[unit];
};
const coresOf = (text) => (/m$/.test(text) ? Number.parseInt(text, 10) / 1000 : Number(text));

/** The files of a Secret or ConfigMap as the kubelet writes them: owned by root, group-readable, behind atomically replaced links. */
function writeVolume(directory, files, group) {
  const inner = '..2026_01_01_00_00_00.1';
  mkdirSync(path.join(directory, inner), { recursive: true });
  for (const { name, text, mode } of files) {
    demand(!name.includes('/'), `the path ${name} of an item`);
    const file = path.join(directory, inner, name);
    writeFileSync(file, text);
    chownSync(file, 0, group ?? 0);
    chmodSync(file, group === undefined ? mode : mode | 0o440);
    symlinkSync(`..data/${name}`, path.join(directory, name));
  }
  symlinkSync(inner, path.join(directory, '..data'));
  for (const place of [directory, path.join(directory, inner)]) {
    chownSync(place, 0, group ?? 0);
    chmodSync(place, group === undefined ? 0o755 : 0o2755);
  }
}

/** What fsGroup does to a writable volume. */
function giveToGroup(place, group) {
  const status = lstatSync(place);
  if (status.isSymbolicLink()) return;
  chownSync(place, status.uid, group);
  chmodSync(place, (status.mode & 0o7777) | (status.isDirectory() ? 0o2770 : 0o660));
  if (status.isDirectory()) for (const name of readdirSync(place)) giveToGroup(path.join(place, name), group);
}

/** The network and the volumes the pods share. */
export class Node {
  /** `hosts`: name -> address of what is outside the cluster; '' is the engine's machine. */
  static async start(engine, hosts = []) {
    const node = new Node();
    node.engine = engine;
    node.directory = mkdtempSync(path.join(tmpdir(), 'cap-pods-'));
    await engine.docker('network', 'create', NETWORK);
    node.gateway = await engine.docker(
      ...['network', 'inspect', '--format', '{{(index .IPAM.Config 0).Gateway}}', NETWORK],
    );
    node.hosts = hosts.map((name) => `--add-host=${name}:${node.gateway}`);
    node.pods = new Set();
    node.count = 0;
    return node;
  }

  claim(name) {
    return path.join(this.directory, 'claims', name);
  }

  async end() {
    for (const pod of this.pods) await pod.remove();
    await this.engine.run(`docker network rm ${NETWORK}`, { mayFail: true });
    // Processes beside the pods that were told to stop may still be writing.
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

export class Pod {
  #watching = false;
  /** Why it stopped being ready or alive. */
  faults = [];

  /** The pod of a workload in these documents, not started yet. */
  constructor(node, documents, workload, { ordinal } = {}) {
    const cluster = new Cluster(documents);
    this.node = node;
    this.engine = node.engine;
    this.cluster = cluster;
    this.workload = cluster.workload(workload);
    demand(this.workload, `the workload ${workload}, which is not there`);
    this.name = `${workload}-${ordinal ?? `r${++node.count}`}`;
    this.directory = path.join(node.directory, 'pods', `${this.name}-${++node.count}`);
    this.spec = only([...POD, ...ONLY_A_CLUSTER], this.workload.pod, workload);
    demand(this.spec.containers.length === 1, `${workload}: more than one container`);
    this.container = only(CONTAINER, this.spec.containers[0], workload);
    this.grace = this.spec.terminationGracePeriodSeconds ?? 30;
    this.arguments = this.#arguments();
    this.probes = Object.fromEntries(
      ['startup', 'readiness', 'liveness'].map((kind) => [kind, this.#probe(this.container[`${kind}Probe`])]),
    );
  }

  #arguments() {
    const { spec, container, name } = this;
    demand(spec.automountServiceAccountToken === false, `${name}: a token of a service account`);
    demand(spec.enableServiceLinks === false, `${name}: enableServiceLinks`);
    const known = ['runAsNonRoot', 'runAsUser', 'runAsGroup', 'seccompProfile'];
    const own = ['allowPrivilegeEscalation', 'readOnlyRootFilesystem', 'capabilities'];
    const ofPod = only([...known, 'fsGroup', 'fsGroupChangePolicy'], spec.securityContext, `${name}.securityContext`);
    const security = { ...ofPod, ...only([...known, ...own], container.securityContext, `${name}.securityContext`) };
    demand(security.runAsNonRoot === true && security.runAsUser > 0, `${name}: root`);
    demand(security.seccompProfile?.type === 'RuntimeDefault', `${name}: another seccomp profile`);
    const args = ['--name', this.name, '--hostname', this.name, '--network', NETWORK, '--no-healthcheck'];
    args.push('--user', `${security.runAsUser}:${security.runAsGroup ?? 0}`, ...this.node.hosts);
    if (security.fsGroup !== undefined) args.push('--group-add', String(security.fsGroup));
    if (security.readOnlyRootFilesystem) args.push('--read-only');
    if (security.allowPrivilegeEscalation === false) args.push('--security-opt', 'no-new-privileges');
    const { drop = [], add = [] } = only(['drop', 'add'], security.capabilities, `${name}.capabilities`);
    args.push(...drop.map((it) => `--cap-drop=${it}`), ...add.map((it) => `--cap-add=${it}`));
    const { limits = {} } = only(['requests', 'limits'], container.resources, `${name}.resources`);
    only(['cpu', 'memory', 'ephemeral-storage'], limits, `${name}.limits`);
    if (limits.memory) args.push(`--memory=${bytesOf(limits.memory)}`, `--memory-swap=${bytesOf(limits.memory)}`);
    if (limits.cpu) args.push(`--cpus=${coresOf(limits.cpu)}`);
    args.push(...this.#aliases(), ...this.#environment(), ...this.#volumes(security));
    const { command = [] } = container;
    if (command.length > 0) args.push('--entrypoint', command[0]);
    const words = [...command.slice(1), ...(container.args ?? [])];
    for (const { name: variable } of container.env ?? [])
      demand(!words.some((word) => word.includes(`$(${variable})`)), `$(${variable}) in the arguments of ${name}`);
    return [...args, container.image, ...words];
  }

  /** Names of this pod's Services in the cluster. */
  #aliases() {
    const services = this.cluster
      .all('Service')
      .filter(({ spec }) => selects({ matchLabels: spec.selector }, this.workload.labels));
    return services.flatMap(({ metadata, spec }) => {
      for (const { port, targetPort } of spec.ports)
        demand(this.port(targetPort ?? port) === port, `${metadata.name}: a port ${port} that leads to another`);
      const long = `${metadata.name}.${metadata.namespace}`;
      return [metadata.name, long, `${long}.svc`, `${long}.svc.cluster.local`].map((it) => `--network-alias=${it}`);
    });
  }

  port(nameOrNumber) {
    if (typeof nameOrNumber === 'number') return nameOrNumber;
    const port = this.workload.port(nameOrNumber);
    demand(port, `${this.name}: the port ${nameOrNumber}, which is not there`);
    return port;
  }

  #contents(kind, name) {
    const contents = this.cluster.contents(kind, name);
    if (!contents) throw new Error(`${this.name} would wait for the ${kind} ${name} for ever`);
    return contents;
  }

  #environment() {
    return (this.container.env ?? []).flatMap(({ name, value = '', valueFrom }) => {
      if (!valueFrom) return ['--env', `${name}=${value}`];
      const [[kind, reference]] = Object.entries(valueFrom);
      if (kind === 'fieldRef') {
        const known = { 'metadata.name': this.name, 'metadata.namespace': this.workload.document.metadata.namespace };
        demand(known[reference.fieldPath], `${this.name}: ${reference.fieldPath}`);
        return ['--env', `${name}=${known[reference.fieldPath]}`];
      }
      const source = { secretKeyRef: 'Secret', configMapKeyRef: 'ConfigMap' }[kind];
      demand(source, `${this.name}: ${kind}`);
      const text = this.#contents(source, reference.name)[reference.key];
      demand(text !== undefined, `${this.name}: the key ${reference.key} of ${reference.name}, which is not there`);
      return ['--env', `${name}=${text}`];
    });
  }

  #volumes(security) {
    const places = new Map();
    const templates = this.workload.document.spec.volumeClaimTemplates ?? [];
    const claims = templates.map(({ metadata }) => ({
      name: metadata.name,
      persistentVolumeClaim: { claimName: `${metadata.name}-${this.name}` },
    }));
    for (const volume of [...(this.spec.volumes ?? []), ...claims])
      places.set(volume.name, this.#volume(volume, security));
    return (this.container.volumeMounts ?? []).flatMap((mount) => {
      const { name, mountPath, readOnly } = only(['name', 'mountPath', 'readOnly'], mount, `${this.name}.volumeMounts`);
      demand(places.has(name), `${this.name}: the volume ${name}, which is not there`);
      const { place, isFiles } = places.get(name);
      return ['--volume', `${place}:${mountPath}${readOnly || isFiles ? ':ro' : ''}`];
    });
  }

  #volume(volume, { fsGroup, fsGroupChangePolicy }) {
    const where = `${this.name}.volumes.${volume.name}`;
    const {
      configMap,
      secret,
      emptyDir,
      persistentVolumeClaim: claim,
    } = only(['name', 'configMap', 'secret', 'emptyDir', 'persistentVolumeClaim'], volume, where);
    const place = claim ? this.node.claim(claim.claimName) : path.join(this.directory, volume.name);
    if (claim || emptyDir) {
      if (emptyDir)
        only(['sizeLimit'], emptyDir, where); // the kubelet evicts a pod that exceeds it
      else only(['claimName', 'readOnly'], claim, where);
      const isNew = !existsSync(place);
      mkdirSync(place, { recursive: true });
      if (emptyDir && isNew) chmodSync(place, 0o777);
      const isRight = statSync(place).gid === fsGroup && (statSync(place).mode & 0o2770) === 0o2770;
      if (fsGroup !== undefined && !(fsGroupChangePolicy === 'OnRootMismatch' && isRight)) giveToGroup(place, fsGroup);
      return { place, isFiles: false };
    }
    const source = only(['name', 'secretName', 'defaultMode', 'items'], configMap ?? secret, where);
    const contents = this.#contents(secret ? 'Secret' : 'ConfigMap', source.secretName ?? source.name);
    const items = source.items ?? Object.keys(contents).map((key) => ({ key, path: key }));
    const files = items.map((item) => {
      demand(contents[item.key] !== undefined, `${where}: the key ${item.key}, which is not there`);
      return { name: item.path, text: contents[item.key], mode: item.mode ?? source.defaultMode ?? 0o644 };
    });
    writeVolume(place, files, fsGroup);
    return { place, isFiles: true };
  }

  #probe(probe) {
    if (!probe) return null;
    const { httpGet, ...times } = only(PROBE, probe, `${this.name}.probe`);
    const { path: where, port, scheme = 'HTTP' } = only(['path', 'port', 'scheme'], httpGet, `${this.name}.httpGet`);
    const { periodSeconds = 10, failureThreshold = 3, timeoutSeconds = 1, initialDelaySeconds = 0 } = times;
    demand((times.successThreshold ?? 1) === 1, `${this.name}: successThreshold`);
    return {
      failureThreshold,
      milliseconds: 1000 * (initialDelaySeconds + periodSeconds * failureThreshold),
      command: (address) =>
        `curl --insecure --silent --output /dev/null --write-out '%{http_code}' --max-time ${timeoutSeconds} ${scheme.toLowerCase()}://${address}:${this.port(port)}${where}`,
    };
  }

  async #passes(kind) {
    const { stdout } = await this.engine.run(this.probes[kind].command(this.address), { mayFail: true });
    return /^[23]/.test(stdout);
  }

  async inspect(format) {
    return this.engine.docker('inspect', '--format', `{{${format}}}`, this.name);
  }

  log() {
    return this.engine.ask(`docker logs ${this.name} 2>&1`);
  }

  async launch() {
    this.node.pods.add(this);
    await this.engine.docker('run', '--detach', ...this.arguments);
    this.address = await this.inspect(`(index .NetworkSettings.Networks "${NETWORK}").IPAddress`);
  }

  /** Waits until it is started and Ready; throws if it ends or takes too long. Returns the milliseconds it took. */
  async start() {
    const started = Date.now();
    await this.launch();
    for (const kind of ['startup', 'readiness']) await this.#await(kind);
    const milliseconds = Date.now() - started;
    if (!(await this.#passes('liveness'))) throw new Error(`${this.name} is ready, and said not to be alive`);
    void this.#watch();
    return milliseconds;
  }

  async #await(kind) {
    if (!this.probes[kind]) return;
    // A pod that is not ready may become so at any time: waits no longer than its start may take.
    const deadline = Date.now() + Math.max(this.probes[kind].milliseconds, 60_000);
    while (!(await this.#passes(kind))) {
      if ((await this.inspect('.State.Running')) !== 'true')
        throw new Error(`${this.name} ended with ${await this.inspect('.State.ExitCode')}\n${await this.log()}`);
      if (Date.now() > deadline) throw new Error(`${this.name}: its ${kind} probe never passed\n${await this.log()}`);
      await pause(POLL_MS);
    }
  }

  /** Keeps probing; a probe that reaches its failure threshold is a fault of the pod. */
  async #watch() {
    this.#watching = true;
    const failed = { readiness: 0, liveness: 0 };
    while (this.#watching) {
      for (const kind of Object.keys(failed)) {
        failed[kind] = (await this.#passes(kind)) ? 0 : failed[kind] + 1;
        if (failed[kind] === this.probes[kind].failureThreshold && this.#watching) this.faults.push(kind);
      }
      await pause(WATCH_MS, undefined, { ref: false });
    }
  }

  /** What the kubelet does when a pod is deleted; returns the exit code and the log. */
  async terminate({ preStop = true } = {}) {
    const deadline = Date.now() + this.grace * 1000;
    this.#watching = false;
    const hook = only(['preStop'], this.container.lifecycle, `${this.name}.lifecycle`).preStop;
    if (hook && preStop) {
      const { command } = only(['exec'], hook, `${this.name}.preStop`).exec;
      await this.engine.docker('exec', this.name, ...command);
    }
    const left = Math.max(1, Math.floor((deadline - Date.now()) / 1000));
    await this.engine.docker('stop', '--time', String(left), this.name);
    const code = Number(await this.inspect('.State.ExitCode'));
    const log = await this.log();
    await this.remove();
    return { code, log };
  }

  /** Kills it and recreates its container: the pod, its volumes and its name stay. */
  async killAndRestart() {
    this.#watching = false;
    await this.engine.docker('kill', '--signal', 'KILL', this.name);
    const code = await this.engine.docker('wait', this.name);
    await this.engine.docker('rm', this.name);
    await this.start();
    return Number(code);
  }

  /** Runs a Job's pod to completion; returns its output. */
  async complete() {
    await this.launch();
    const code = await this.engine.docker('wait', this.name);
    const log = await this.log();
    await this.remove();
    if (code !== '0') throw new Error(`${this.name} ended with ${code}\n${log}`);
    return log;
  }

  async remove() {
    this.#watching = false;
    this.node.pods.delete(this);
    await this.engine.run(`docker rm --force ${this.name}`, { mayFail: true });
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Memory of its cgroup, as Docker reports it. */
  async memory() {
    return this.engine.docker('stats', '--no-stream', '--format', '{{.Name}} {{.MemUsage}}', this.name);
  }
}
