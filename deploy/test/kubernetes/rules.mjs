/**
 * Rules that every rendering of deploy/kubernetes must satisfy. A rule takes a Cluster and reports its faults; the test shows
 * for each rule that it finds the fault it is meant for.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../../../scripts/setup.mjs';
import { certificatesOf, selects } from './cluster.mjs';
import { version } from './render.mjs';

const NAMESPACE = 'cap-system';
const IMAGES = ['cap-verifier-api', 'cap-registry', 'cap-backup-worker'];
/** docs/install/choose.md: the verifier API once a thread has verified proofs. */
const MEASURED_MIB = 200;
/** libs/service-kit: how long requests may continue after SIGTERM, and by when the process has exited. */
const FINISH_SECONDS = 20;
const END_SECONDS = 30;
/** Until every proxy in the cluster knows that a pod is going away. */
const HEARD_SECONDS = 5;

/** Operations that must not be reachable from outside. */
const INTERNAL = ['/healthz', '/readyz', '/readyz/serving', '/metrics'];
/** How long a single-pod registry stays bound to a lost node. */
const LOST_SECONDS = 30;
const PUBLIC = Object.keys(JSON.parse(readFileSync(path.join(root, 'docs/openapi.json'), 'utf8')).paths).filter(
  (route) => !INTERNAL.includes(route),
);

const mebibytes = (quantity) => {
  const [, number, unit] = /^(\d+)(Mi|Gi)$/.exec(quantity) ?? [];
  return Number(number) * (unit === 'Gi' ? 1024 : 1);
};
const sleepOf = ({ lifecycle }) => Number(lifecycle?.preStop?.exec?.command?.[1] ?? 0);
const listed = (actual, expected, what) => [
  ...actual.filter((one) => !expected.includes(one)).map((one) => `${what} ${one} is too much`),
  ...expected.filter((one) => !actual.includes(one)).map((one) => `${what} ${one} is missing`),
];

export const RULES = {
  *names(cluster) {
    const seen = new Set();
    for (const { kind, metadata } of cluster.documents) {
      if (kind !== 'Namespace' && metadata.namespace !== NAMESPACE) yield `${kind} ${metadata.name}: namespace`;
      if (seen.has(`${kind} ${metadata.name}`)) yield `${kind} ${metadata.name}: twice`;
      seen.add(`${kind} ${metadata.name}`);
    }
    for (const [kind, name] of [
      ['Namespace', NAMESPACE],
      ['Deployment', 'cap-verifier'],
      ['Service', 'cap-verifier-svc'],
      ['Service', 'cap-registry'],
      ['CronJob', 'cap-backup'],
    ])
      if (!cluster.one(kind, name)) yield `${kind} ${name}: missing`;
    const ports = cluster.one('Service', 'cap-verifier-svc')?.spec.ports.map(({ name, port }) => `${name} ${port}`);
    yield* listed(ports ?? [], ['http 8080', 'https 8443'], 'cap-verifier-svc: port');
    for (const kind of ['ConfigMap', 'Secret'])
      for (const { metadata } of cluster.all(kind))
        if (!/-[a-z0-9]{10}$/.test(metadata.name)) yield `${kind} ${metadata.name}: no hash in its name`;
    for (const { metadata, spec } of [...cluster.all('PersistentVolumeClaim'), ...templatesOf(cluster)])
      if (spec.storageClassName !== undefined) yield `${metadata.name}: names a storage class`;
  },

  *references(cluster) {
    for (const { name, pod, document } of cluster.workloads) {
      if (document.kind === 'StatefulSet' && !cluster.one('Service', document.spec.serviceName))
        yield `${name}: no Service ${document.spec.serviceName}`;
      if (pod.serviceAccountName && !cluster.one('ServiceAccount', pod.serviceAccountName))
        yield `${name}: no ServiceAccount ${pod.serviceAccountName}`;
      for (const { configMap, secret, persistentVolumeClaim } of pod.volumes) {
        for (const [kind, source, called] of [
          ['ConfigMap', configMap, configMap?.name],
          ['Secret', secret, secret?.secretName],
        ]) {
          if (!source) continue;
          const contents = cluster.contents(kind, called);
          if (!contents) yield `${name}: no ${kind} ${called}`;
          else
            for (const { key } of source.items ?? [])
              if (!(key in contents)) yield `${name}: ${kind} ${called} has no ${key}`;
        }
        const claim = persistentVolumeClaim?.claimName;
        // The claim of the embedded registry outlives it: the migration reads it.
        const kept = name === 'cap-registry-migrate' && claim === 'data-cap-registry-0';
        if (claim && !kept && !cluster.claims().includes(claim)) yield `${name}: no claim ${claim}`;
      }
    }
    for (const { metadata, spec } of cluster.all('HorizontalPodAutoscaler'))
      if (!cluster.one(spec.scaleTargetRef.kind, spec.scaleTargetRef.name)) yield `${metadata.name}: no target`;
    const backend = (name, port) =>
      cluster.one('Service', name)?.spec.ports.find((one) => one.name === port || one.port === port)?.name;
    for (const { spec } of cluster.all('Ingress')) {
      for (const { secretName } of spec.tls)
        if (!cluster.contents('Secret', secretName)) yield `Ingress: no Secret ${secretName}`;
      for (const { http } of spec.rules)
        for (const { backend: to, path: route } of http.paths)
          if (backend(to.service.name, to.service.port.name ?? to.service.port.number) !== 'https')
            yield `Ingress ${route}: its backend is not the API`;
    }
    for (const gateway of cluster.all('Gateway'))
      for (const name of certificatesOf(gateway))
        if (!cluster.contents('Secret', name)) yield `Gateway: no Secret ${name}`;
    for (const { spec } of cluster.all('HTTPRoute')) {
      for (const { name, sectionName } of spec.parentRefs)
        if (!cluster.one('Gateway', name)?.spec.listeners.some((listener) => listener.name === sectionName))
          yield `HTTPRoute: no listener ${sectionName} of ${name}`;
      for (const rule of spec.rules)
        for (const { name, port } of rule.backendRefs)
          if (backend(name, port) !== 'https') yield `HTTPRoute: its backend is not the API`;
    }
    for (const { spec } of cluster.all('BackendTLSPolicy')) {
      for (const { name, sectionName } of spec.targetRefs)
        if (backend(name, sectionName) !== 'https') yield `BackendTLSPolicy: no port ${sectionName} of ${name}`;
      for (const { kind, name } of spec.validation.caCertificateRefs)
        if (!cluster.contents(kind, name)?.['ca.crt']) yield `BackendTLSPolicy: no ${kind} ${name} with ca.crt`;
    }
    for (const { metadata, spec } of cluster.all('Certificate'))
      if (spec.issuerRef.kind === 'Issuer' && !cluster.one('Issuer', spec.issuerRef.name))
        yield `Certificate ${metadata.name}: no issuer`;
    for (const { metadata, spec } of cluster.all('ServiceMonitor'))
      for (const { port } of spec.endpoints)
        if (!cluster.all('Service').some((it) => selects(spec.selector, it.metadata.labels) && portOf(it, port)))
          yield `ServiceMonitor ${metadata.name}: no Service with a port ${port}`;
  },

  *mounts(cluster) {
    for (const workload of cluster.workloads) {
      const { name, pod, container } = workload;
      const used = pod.containers.flatMap(({ volumeMounts = [] }) => volumeMounts.map((mount) => mount.name));
      const claimed = workload.document.spec.volumeClaimTemplates?.map(({ metadata }) => metadata.name) ?? [];
      const there = [...pod.volumes.map((volume) => volume.name), ...claimed];
      yield* listed([...new Set(used)], there, `${name}: mounted volume`);
      const files = workload.files();
      const config = workload.config();
      for (const file of [
        ...Object.values(workload.environment()),
        ...(container.args ?? []),
        ...(config?.tls?.mode === 'tls' ? [config.tls.cert, config.tls.key] : []),
        ...[config?.verification?.trust_file, config?.registry?.log?.key],
        ...[config?.backup?.signing_key],
      ])
        if (file?.startsWith('/') && file !== '/data/registry' && !files.has(file)) yield `${name}: no file ${file}`;
      for (const place of [config?.registry?.database, config?.registry?.blobs, config?.backup?.target])
        if (typeof place === 'string' && name !== 'cap-registry-migrate' && !workload.isWritten(place))
          yield `${name}: ${place} is on no volume`;
      if (!workload.isWritten('/tmp')) yield `${name}: no /tmp`;
    }
    // Each sees only what it needs.
    for (const [name, wanted] of [
      ['cap-verifier', ['verifier.token']],
      ['cap-registry', ['backup.sha256', 'log.key', 'operator.sha256', 'verifier.sha256']],
      ['cap-backup', ['backup.json', 'backup.key', 'backup.token']],
      ['cap-registry-migrate', ['log.key']],
      ['cap-restore', ['backup.pub']],
    ]) {
      if (!cluster.workload(name)) continue;
      const files = [...cluster.workload(name).files().keys()];
      const secrets = files
        .filter((file) => /^\/run\/secrets\/cap-(tokens|keys)\//.test(file))
        .map((f) => path.basename(f));
      yield* listed(secrets, wanted, `${name}: secret`);
      if (name === 'cap-backup' && files.includes('/certs/tls.key')) yield `${name}: has the private key of TLS`;
    }
    // cert-manager does not replace the authority of PostgreSQL and the bucket.
    for (const workload of cluster.workloads.filter(({ pod }) => pod.volumes.some(({ name }) => name === 'storage')))
      if (workload.environment().NODE_EXTRA_CA_CERTS !== '/run/secrets/cap-storage/ca.crt')
        yield `${workload.name}: holds its storage to another authority`;
    // If volumes belong to a zone, one pod may be unable to mount both.
    for (const { name, pod } of cluster.workloads) {
      const claims = pod.volumes.flatMap(({ persistentVolumeClaim: claim }) => claim?.claimName ?? []);
      if (claims.length > 1) yield `${name}: wants the volumes ${claims.join(', ')} on one node`;
    }
  },

  *selectors(cluster) {
    for (const { name, document, labels, pod } of cluster.workloads) {
      const { selector } = document.spec;
      if (selector && !selects(selector, labels)) yield `${name}: its selector does not match its pods`;
      for (const { labelSelector } of pod.topologySpreadConstraints ?? [])
        if (!selects(labelSelector, labels)) yield `${name}: spreads other pods`;
      if (document.kind === 'Deployment' && pod.topologySpreadConstraints?.length !== 2) yield `${name}: is not spread`;
    }
    for (const { metadata, spec } of cluster.all('Service')) {
      const found = cluster.selected({ matchLabels: spec.selector });
      if (found.length !== 1 || !found[0].serves) yield `Service ${metadata.name}: selects ${found.length} workloads`;
    }
    for (const { metadata, spec } of cluster.all('PodDisruptionBudget'))
      if (!cluster.selected(spec.selector).some(({ serves }) => serves)) yield `PDB ${metadata.name}: selects nothing`;
    for (const { metadata, spec } of cluster.all('NetworkPolicy')) {
      const peers = [...(spec.ingress ?? []), ...(spec.egress ?? [])].flatMap(({ from, to }) => from ?? to ?? []);
      const ours = peers.filter(({ namespaceSelector }) => !namespaceSelector).map(({ podSelector }) => podSelector);
      for (const selector of [spec.podSelector, ...ours].filter((one) => !isSolver(one)))
        if (cluster.selected(selector).length === 0) yield `NetworkPolicy ${metadata.name}: selects nothing`;
    }
  },

  *ports(cluster) {
    for (const { metadata, spec } of cluster.all('Service')) {
      const [workload] = cluster.selected({ matchLabels: spec.selector });
      for (const { port, targetPort } of spec.ports)
        if (workload?.port(targetPort) !== port) yield `Service ${metadata.name}: ${port} is no port of its pods`;
    }
    for (const workload of cluster.workloads.filter(({ serves }) => serves)) {
      const { name, container, template } = workload;
      const { server } = workload.config();
      for (const [key, port] of [
        ['management_bind', workload.port('http')],
        ['bind', workload.port('https')],
      ])
        if (server[key] !== `0.0.0.0:${port}`) yield `${name}: server.${key} is not the container's port`;
      for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
        // A verifier keeps running without its registry.
        const ready = name === 'cap-verifier' ? '/readyz/serving' : '/readyz';
        const route = probe === 'readinessProbe' ? ready : '/healthz';
        const asked = container[probe]?.httpGet;
        if (asked?.port !== 'http' || asked.path !== route) yield `${name}: ${probe} does not ask ${route} of http`;
      }
      const { annotations } = template.metadata;
      const monitored = cluster.all('ServiceMonitor').some(({ spec }) => selects(spec.selector, workload.labels));
      const scraped = annotations?.['prometheus.io/scrape'] === 'true';
      if (scraped === monitored) yield `${name}: scraped ${scraped ? 'twice' : 'by nobody'}`;
      if (scraped && annotations['prometheus.io/port'] !== String(workload.port('http')))
        yield `${name}: scraped on another port`;
    }
    for (const { name, config } of cluster.workloads.map((it) => ({ name: it.name, config: it.config() }))) {
      const url = config?.registry?.url && new URL(config.registry.url);
      if (!url) continue;
      const service = cluster.one('Service', url.hostname);
      const port = service?.spec.ports.find((one) => String(one.port) === url.port);
      if (port?.name !== 'https' || url.protocol !== 'https:') yield `${name}: registry.url is not the registry's API`;
    }
  },

  /** Exactly the flows the network policies let through. */
  *flows(cluster) {
    const embedded = cluster.one('StatefulSet', 'cap-registry') !== undefined;
    const migrating = cluster.workload('cap-registry-migrate') !== undefined;
    const nginx = cluster.all('Ingress').some(({ spec }) => spec.ingressClassName === 'nginx');
    const everybody = cluster.workloads.map(({ name }) => name);
    const storage = embedded ? [] : ['cap-registry', ...(migrating ? ['cap-registry-migrate'] : [])];
    const expected = [
      `${nginx ? 'kubernetes.io/metadata.name=ingress-nginx app.kubernetes.io/name=ingress-nginx' : 'cap-system/ingress=true'} -> cap-verifier 8443`,
      'cap-system/monitoring=true -> cap-verifier 8080',
      'cap-system/monitoring=true -> cap-registry 8081',
      ...['cap-verifier', 'cap-backup'].flatMap((name) => [
        `${name} -> cap-registry 8444`, // allowed in by the registry's policy …
        `${name} => cap-registry 8444`, // … and out by the caller's
      ]),
      'cap-verifier => anywhere 443',
      ...(cluster.one('Certificate', 'cap-verifier-tls') ? ['anywhere -> ACME solver 8089'] : []),
      ...storage.flatMap((name) => [`${name} => anywhere 5432`, `${name} => anywhere 443`]),
      ...everybody.flatMap((name) => [
        `${name} => kubernetes.io/metadata.name=kube-system k8s-app=kube-dns 53`,
        `${name} => cap-system/monitoring=true 4318`,
      ]),
    ];
    yield* listed([...flowsOf(cluster)], expected, 'flow');
    for (const { name } of cluster.workloads)
      for (const type of ['Ingress', 'Egress'])
        if (!cluster.all('NetworkPolicy').some(({ spec }) => isDeny(spec, type)))
          yield `${name}: ${type} is not denied`;
  },

  *security(cluster) {
    const enforced = cluster.one('Namespace', NAMESPACE)?.metadata.labels['pod-security.kubernetes.io/enforce'];
    if (enforced !== 'restricted') yield 'the namespace does not enforce "restricted"';
    for (const { name, pod } of cluster.workloads) {
      const fault = (what) => `${name}: ${what}`;
      if (pod.automountServiceAccountToken !== false) yield fault('has a service-account token');
      if (pod.enableServiceLinks !== false) yield fault('has service links');
      if (pod.hostNetwork || pod.hostPID || pod.hostIPC) yield fault('shares something of the host');
      const { runAsNonRoot, runAsUser, runAsGroup, fsGroup, seccompProfile } = pod.securityContext ?? {};
      if (!runAsNonRoot || runAsUser !== 1000 || runAsGroup !== 1000) yield fault('does not run as 1000');
      if (fsGroup !== 1000) yield fault('fsGroup');
      if (seccompProfile?.type !== 'RuntimeDefault') yield fault('seccomp');
      for (const volume of pod.volumes) {
        const [kind] = Object.keys(volume).filter((key) => key !== 'name');
        if (!['configMap', 'secret', 'emptyDir', 'persistentVolumeClaim'].includes(kind)) yield fault(`volume ${kind}`);
        if (kind === 'secret' && volume.secret.defaultMode !== 0o440) yield fault(`mode of ${volume.name}`);
        if (kind === 'emptyDir' && !volume.emptyDir.sizeLimit) yield fault(`${volume.name} has no limit`);
      }
      for (const { name: called, securityContext = {}, resources, volumeMounts, ports = [] } of pod.containers) {
        const wrong = (what) => `${name}/${called}: ${what}`;
        if (securityContext.allowPrivilegeEscalation !== false) yield wrong('may gain privileges');
        if (securityContext.readOnlyRootFilesystem !== true) yield wrong('may write to its root');
        if (securityContext.capabilities?.drop?.join() !== 'ALL' || securityContext.capabilities.add)
          yield wrong('capabilities');
        if (securityContext.privileged || securityContext.runAsUser !== undefined) yield wrong('another user');
        if (ports.some(({ hostPort }) => hostPort)) yield wrong('a port of the host');
        for (const kind of ['requests', 'limits'])
          for (const what of ['cpu', 'memory']) if (!resources?.[kind]?.[what]) yield wrong(`no ${kind}.${what}`);
        for (const { name: volume, readOnly } of volumeMounts) {
          const { configMap, secret } = pod.volumes.find((one) => one.name === volume) ?? {};
          if ((configMap || secret) && !readOnly) yield wrong(`${volume} can be written`);
        }
      }
    }
  },

  *images(cluster) {
    for (const { name, pod } of cluster.workloads)
      for (const { image } of [...pod.containers, ...(pod.initContainers ?? [])])
        if (!IMAGES.some((one) => image === `registry.example.com/${one}:${version}`)) yield `${name}: image ${image}`;
  },

  *scaling(cluster) {
    const verifier = cluster.workload('cap-verifier');
    const registry = cluster.workload('cap-registry');
    if (verifier.document.spec.replicas !== undefined) yield 'cap-verifier: replicas would reset the autoscaler';
    for (const { spec } of cluster.all('HorizontalPodAutoscaler')) {
      if (spec.minReplicas !== 3 || spec.maxReplicas !== 10) yield 'not 3 to 10 pods';
      const targets = spec.metrics.map(({ resource }) => `${resource.name} ${resource.target.averageUtilization}`);
      yield* listed(targets, ['cpu 70', 'memory 80'], 'autoscaler:');
      const request = mebibytes(verifier.container.resources.requests.memory);
      if (MEASURED_MIB * 2 > request)
        yield `cap-verifier: idle it has ${MEASURED_MIB} MiB of ${request}: never scaled down`;
      if (!cluster.all('PodDisruptionBudget').some((it) => selects(it.spec.selector, verifier.labels)))
        yield 'cap-verifier: no PDB';
    }
    const { kind, spec } = registry.document;
    const claims = spec.volumeClaimTemplates ?? [];
    if (kind === 'StatefulSet' && (claims.length !== 1 || spec.replicas > 1))
      yield 'cap-registry: not one writer with one claim';
    if (kind === 'StatefulSet')
      for (const taint of ['unreachable', 'not-ready']) {
        const found = registry.pod.tolerations?.find(({ key }) => key === `node.kubernetes.io/${taint}`);
        if (found?.effect !== 'NoExecute' || found.operator !== 'Exists' || found.tolerationSeconds !== LOST_SECONDS)
          yield `cap-registry: not off a node that is ${taint} after ${LOST_SECONDS} s`;
      }
    if (kind === 'Deployment') {
      if (registry.pod.volumes.some((one) => one.persistentVolumeClaim)) yield 'cap-registry: pods that share a claim';
      if (!cluster.all('PodDisruptionBudget').some((it) => selects(it.spec.selector, registry.labels)))
        yield 'cap-registry: no PDB';
    }
  },

  /** What keeps `kubectl rollout` from losing a request. */
  *rollout(cluster) {
    for (const { name, document, pod, container } of cluster.workloads.filter(({ serves }) => serves)) {
      const sleep = sleepOf(container);
      if (pod.terminationGracePeriodSeconds < sleep + END_SECONDS + 5) yield `${name}: killed before it has ended`;
      if (document.kind !== 'Deployment') continue;
      const { maxUnavailable, maxSurge } = document.spec.strategy?.rollingUpdate ?? {};
      if (maxUnavailable !== 0 || !(maxSurge > 0)) yield `${name}: a pod ends before the next is ready`;
      if (sleep < 2 * HEARD_SECONDS) yield `${name}: no preStop that waits until it gets no requests`;
    }
    const verifier = cluster.workload('cap-verifier');
    const longest = verifier.config().verification.timeout_seconds;
    if (sleepOf(verifier.container) - HEARD_SECONDS + FINISH_SECONDS < longest)
      yield `cap-verifier: a verification of ${longest} s is cut off`;
    const { schedule, timeZone, concurrencyPolicy, jobTemplate } = cluster.one('CronJob', 'cap-backup').spec;
    if (schedule !== '0 2 * * *' || timeZone !== 'Etc/UTC' || concurrencyPolicy !== 'Forbid')
      yield 'cap-backup: schedule';
    if (jobTemplate.spec.template.spec.containers[0].args[0] !== 'run-once') yield 'cap-backup: not run-once';
  },

  /** The public API, all of it and nothing else. */
  *published(cluster) {
    const routes = [
      ...cluster.all('Ingress').flatMap(({ spec }) => spec.rules.flatMap(({ http }) => http.paths)),
      ...cluster
        .all('HTTPRoute')
        .flatMap(({ spec }) =>
          spec.rules.flatMap(({ matches }) =>
            matches.map((match) => ({ path: match.path.value, pathType: match.path.type })),
          ),
        ),
    ];
    const reached = (route) =>
      routes.some(
        ({ path: at, pathType }) =>
          route === at || (pathType !== 'Exact' && `${route}/`.startsWith(at === '/' ? '/' : `${at}/`)),
      );
    for (const route of PUBLIC) if (!reached(route)) yield `${route} is not published`;
    for (const route of INTERNAL) if (reached(route)) yield `${route} is published`;
    const { spec } = cluster.one('Ingress', 'cap-verifier-ingress') ?? {};
    const timeout = cluster.workload('cap-verifier').config().verification.timeout_seconds;
    if (spec?.ingressClassName === 'nginx') {
      const word = (name) =>
        cluster.one('Ingress', 'cap-verifier-ingress').metadata.annotations?.[`nginx.ingress.kubernetes.io/${name}`];
      if (word('backend-protocol') !== 'HTTPS') yield 'nginx: speaks http to the API';
      if (word('ssl-redirect') !== 'true') yield 'nginx: no redirect to https';
      if (word('proxy-body-size') !== '100m') yield 'nginx: size of bodies';
      if (word('proxy-request-buffering') !== 'off') yield 'nginx: keeps requests back';
      if (!(Number(word('proxy-read-timeout')) > timeout)) yield 'nginx: gives up before the API answers';
    }
    for (const route of cluster.all('HTTPRoute'))
      for (const { timeouts } of route.spec.rules)
        for (const limit of [timeouts?.request, timeouts?.backendRequest])
          if (!(parseInt(limit, 10) > timeout)) yield 'HTTPRoute: gives up before the API answers';
    if (cluster.all('HTTPRoute').length > 0 && cluster.all('BackendTLSPolicy').length === 0)
      yield 'HTTPRoute: speaks http to the API';
    if (cluster.all('HTTPRoute').length + cluster.all('Ingress').length !== 1) yield 'not published once';
    const hosts = new Set([
      ...cluster.all('Ingress').flatMap((it) => [it.spec.rules.map(({ host }) => host), it.spec.tls[0].hosts].flat()),
      ...cluster.all('Gateway').flatMap((it) => it.spec.listeners.map(({ hostname }) => hostname)),
      ...cluster.all('HTTPRoute').flatMap((it) => it.spec.hostnames),
      ...(cluster.one('Certificate', 'cap-verifier-tls')?.spec.dnsNames ?? []),
    ]);
    if (hosts.size !== 1) yield `published as ${[...hosts].join(', ')}`;
  },
};

export const faultsOf = (cluster, rules = Object.keys(RULES)) =>
  rules.flatMap((rule) => [...RULES[rule](cluster)].map((fault) => `${rule}: ${fault}`));

const templatesOf = (cluster) => cluster.all('StatefulSet').flatMap(({ spec }) => spec.volumeClaimTemplates ?? []);
const portOf = (service, name) => service.spec.ports.find((port) => port.name === name);
/** A pod that cert-manager creates for an ACME authority. */
const isSolver = ({ matchLabels }) => 'acme.cert-manager.io/http01-solver' in (matchLabels ?? {});
const isDeny = ({ podSelector, policyTypes, ingress, egress }, type) =>
  Object.keys(podSelector).length === 0 && policyTypes.includes(type) && !ingress && !egress;
const labelsOf = (selector) => Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);

function* flowsOf(cluster) {
  const ours = (selector) =>
    isSolver(selector) ? ['ACME solver'] : cluster.selected(selector).map(({ name }) => name);
  const named = ({ namespaceSelector, podSelector }) =>
    namespaceSelector ? [[...labelsOf(namespaceSelector), ...labelsOf(podSelector)].join(' ')] : ours(podSelector);
  const seen = new Set();
  for (const { spec } of cluster.all('NetworkPolicy'))
    for (const [rules, arrow] of [
      [spec.ingress ?? [], '->'],
      [spec.egress ?? [], '=>'],
    ])
      for (const { from, to, ports } of rules)
        for (const us of ours(spec.podSelector))
          for (const peer of (from ?? to)?.flatMap(named) ?? ['anywhere'])
            for (const port of ports?.map((one) => one.port) ?? ['any port'])
              seen.add(arrow === '->' ? `${peer} -> ${us} ${port}` : `${us} => ${peer} ${port}`);
  yield* seen;
}
