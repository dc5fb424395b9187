/** deploy/kubernetes: every overlay and component rendered, typed, and checked by rules, each shown to find its fault. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { root } from '../../scripts/setup.mjs';
import { quietly } from './host.mjs';
import { Cluster } from './kubernetes/cluster.mjs';
import { CAP, Manifests, ON_TOP, OVERLAYS, version } from './kubernetes/render.mjs';
import { faultsOf, RULES } from './kubernetes/rules.mjs';
import { typeFaults } from './kubernetes/typed.mjs';
import { commandsOf } from './pages.mjs';

const RENDERINGS = [
  ...OVERLAYS.map((overlay) => [overlay]),
  ...Object.entries(ON_TOP).flatMap(([overlay, components]) => components.map((name) => [overlay, name])),
  ['production', 'ingress-nginx', 'cert-manager', 'service-monitor', 'tuned'],
  ['production-ha', 'gateway', 'cert-manager', 'service-monitor', 'tuned'],
  // In any order.
  ['production', 'cert-manager', 'gateway'],
  ['production', 'cert-manager', 'ingress-nginx', 'restore'],
  ['production-ha', 'ingress-nginx', 'cert-manager', 'migrate'],
  ['dev', 'ingress-nginx'],
];
/** Components that say so when they are put in the wrong place. */
const REFUSED = [
  [['production-ha', 'restore'], /restore is for registry-embedded/],
  [['production', 'migrate'], /migrate is for registry-scale-out/],
  [['production', 'ingress-nginx', 'gateway'], /gateway and ingress-nginx are two ways in/],
  [['production', 'gateway', 'ingress-nginx'], /gateway and ingress-nginx are two ways in/],
];
const called = (rendering) => rendering.join(' + ');

let manifests;
const rendered = new Map();
before(() => {
  manifests = new Manifests();
  manifests.makeSecrets();
  for (const [overlay, ...components] of RENDERINGS)
    rendered.set(
      called([overlay, ...components]),
      components.length === 0 ? manifests.render(overlay) : manifests.renderWith(overlay, components),
    );
});
after(() => manifests.remove());

test('without the secrets, rendering says which file is missing', () => {
  const bare = new Manifests();
  try {
    for (const overlay of OVERLAYS) {
      const { status, stderr } = bare.kustomize(overlay);
      assert.notEqual(status, 0);
      assert.match(stderr, new RegExp(`overlays/${overlay}/local/`));
    }
  } finally {
    bare.remove();
  }
});

for (const rendering of RENDERINGS)
  test(`${called(rendering)} satisfies every rule`, () =>
    void assert.deepEqual(faultsOf(new Cluster(rendered.get(called(rendering)))), []));

for (const [[overlay, ...components], says] of REFUSED)
  test(`${called([overlay, ...components])} is refused with an explanation`, () => {
    manifests.putOnTop(overlay, components);
    const { status, stderr } = manifests.kustomize('own');
    assert.notEqual(status, 0);
    assert.match(stderr, says);
  });

const one = (documents, kind, name) => documents.find((it) => it.kind === kind && it.metadata.name.startsWith(name));
const podOf = (documents, name = 'cap-verifier', kind = 'Deployment') => one(documents, kind, name).spec.template.spec;
const containerOf = (...args) => podOf(...args).containers[0];
const drop = (documents, kind, name) => void documents.splice(documents.indexOf(one(documents, kind, name)), 1);
const ingressPaths = (documents) => one(documents, 'Ingress', '').spec.rules[0].http.paths;
const NGINX = 'production + ingress-nginx';
const GATEWAY = 'production + gateway';
const MONITORED = 'production + service-monitor';
const ISSUED = 'production + cert-manager';
const HA = 'production-ha';
const MIGRATE = 'production-ha + migrate';
const RESTORE = 'production + restore';

/** Rule -> possible faults: a change to a rendering, what the rule must report, which rendering. */
const WRONG = {
  names: [
    [(d) => delete one(d, 'Service', 'cap-verifier-svc').metadata.namespace, /namespace/],
    [(d) => d.push(structuredClone(one(d, 'Service', 'cap-registry'))), /twice/],
    [(d) => (one(d, 'CronJob', '').metadata.name = 'backup'), /CronJob cap-backup: missing/],
    [(d) => (one(d, 'Service', 'cap-verifier-svc').spec.ports[1].port = 443), /port https 8443 is missing/],
    [(d) => (one(d, 'Secret', 'cap-keys').metadata.name = 'cap-keys'), /cap-keys: no hash/],
    [
      (d) => (one(d, 'PersistentVolumeClaim', '').spec.storageClassName = 'fast-ssd'),
      /cap-backups: names a storage class/,
    ],
    [
      (d) => (one(d, 'StatefulSet', '').spec.volumeClaimTemplates[0].spec.storageClassName = 'x'),
      /data: names a storage/,
    ],
  ],
  references: [
    [(d) => drop(d, 'ConfigMap', 'cap-config'), /cap-verifier: no ConfigMap cap-config-/],
    [(d) => drop(d, 'Secret', 'cap-tls-certs'), /cap-registry: no Secret cap-tls-certs-/],
    [(d) => delete one(d, 'Secret', 'cap-keys').data['log.key'], /cap-registry: Secret cap-keys-\w+ has no log.key/],
    [(d) => drop(d, 'PersistentVolumeClaim', 'cap-backups'), /cap-backup: no claim cap-backups/],
    [(d) => (podOf(d).serviceAccountName = 'cap'), /no ServiceAccount cap/],
    [(d) => (one(d, 'StatefulSet', '').spec.serviceName = 'other'), /no Service other/],
    [(d) => (one(d, 'HorizontalPodAutoscaler', '').spec.scaleTargetRef.name = 'verifier'), /no target/],
    [(d) => (ingressPaths(d)[0].backend.service.port = { name: 'http' }), /its backend is not the API/],
    [(d) => drop(d, 'Secret', 'cap-verifier-tls'), /Ingress: no Secret cap-verifier-tls/],
    [(d) => drop(d, 'Secret', 'cap-verifier-tls'), /Gateway: no Secret cap-verifier-tls/, GATEWAY],
    [(d) => (one(d, 'HTTPRoute', '').spec.parentRefs[0].sectionName = 'http'), /no listener http/, GATEWAY],
    [(d) => (one(d, 'HTTPRoute', '').spec.rules[0].backendRefs[0].port = 8080), /not the API/, GATEWAY],
    [(d) => (one(d, 'BackendTLSPolicy', '').spec.targetRefs[0].sectionName = 'tls'), /no port tls/, GATEWAY],
    [(d) => drop(d, 'ConfigMap', 'cap-ca'), /no ConfigMap cap-ca-\w+ with ca.crt/, GATEWAY],
    [(d) => drop(d, 'Certificate', 'cap-tls-certs'), /no Secret cap-tls-certs/, ISSUED],
    [(d) => drop(d, 'Certificate', 'cap-verifier-tls'), /no Secret cap-verifier-tls/, ISSUED],
    [(d) => drop(d, 'Issuer', 'cap-self-signed'), /Certificate cap-internal-ca: no issuer/, ISSUED],
    [
      (d) => (one(d, 'ServiceMonitor', '').spec.endpoints[0].port = 'metrics'),
      /no Service with a port metrics/,
      MONITORED,
    ],
  ],
  mounts: [
    [(d) => containerOf(d).volumeMounts.shift(), /mounted volume config is missing/],
    [(d) => podOf(d).volumes.pop(), /mounted volume tmp is too much|no \/tmp/],
    [(d) => (containerOf(d).env[0].value = '/run/secrets/token'), /no file \/run\/secrets\/token/],
    [(d) => delete one(d, 'ConfigMap', 'cap-config').data['trust.json'], /no file \/config\/trust.json/],
    [
      (d) =>
        (podOf(d, 'cap-registry', 'StatefulSet').volumes.find((v) => v.name === 'keys').secret.items[0].path = 'x'),
      /log.key/,
    ],
    [
      (d) =>
        (containerOf(d, 'cap-registry', 'StatefulSet').volumeMounts.find((v) => v.name === 'data').mountPath = '/var'),
      /is on no volume/,
    ],
    [
      (d) => delete podOf(d).volumes.find((v) => v.name === 'tokens').secret.items,
      /cap-verifier: secret backup.token is too much/,
    ],
    [
      (d) =>
        delete one(d, 'CronJob', '').spec.jobTemplate.spec.template.spec.volumes.find((v) => v.name === 'certs').secret
          .items,
      /private key/,
    ],
    [
      (d) =>
        (podOf(d, 'cap-registry-migrate', 'Job').volumes.find((v) => v.name === 'certs').secret.items = [
          { key: 'ca.crt', path: 'ca.crt' },
        ]),
      /cap-registry-migrate: no file \/certs\/tls.crt/,
      MIGRATE,
    ],
    [
      (d) =>
        (containerOf(d, 'cap-registry').env.find(({ name }) => name === 'NODE_EXTRA_CA_CERTS').value = '/certs/ca.crt'),
      /cap-registry: holds its storage to another authority/,
      HA,
    ],
    [
      (d) => one(d, 'Pod', 'cap-restore').spec.volumes.push({ persistentVolumeClaim: { claimName: 'cap-backups' } }),
      /cap-restore: wants the volumes data-cap-registry-0, cap-backups on one node/,
      RESTORE,
    ],
  ],
  selectors: [
    [(d) => (one(d, 'Deployment', 'cap-verifier').spec.template.metadata.labels.app = 'x'), /does not match its pods/],
    [(d) => (podOf(d).topologySpreadConstraints[0].labelSelector.matchLabels.app = 'x'), /spreads other pods/],
    [(d) => podOf(d).topologySpreadConstraints.pop(), /is not spread/],
    [(d) => (one(d, 'Service', 'cap-registry').spec.selector.app = 'registry'), /selects 0 workloads/],
    [
      (d) => (one(d, 'Service', 'cap-registry').spec.selector = { 'app.kubernetes.io/part-of': 'cap' }),
      /selects [1-9]/,
    ],
    [
      (d) => (one(d, 'PodDisruptionBudget', '').spec.selector.matchLabels.app = 'x'),
      /PDB cap-verifier: selects nothing/,
    ],
    [
      (d) => (one(d, 'NetworkPolicy', 'cap-backup').spec.egress[0].to[0].podSelector.matchLabels.app = 'x'),
      /cap-backup: selects nothing/,
    ],
  ],
  ports: [
    [(d) => (one(d, 'Service', 'cap-verifier-svc').spec.ports[1].targetPort = 'http'), /8443 is no port of its pods/],
    [(d) => (containerOf(d).ports[1].containerPort = 443), /server.bind is not the container's port/],
    [(d) => (containerOf(d).readinessProbe.httpGet.path = '/readyz'), /readinessProbe does not ask \/readyz\/serving/],
    [
      (d) => (containerOf(d, 'cap-registry', 'StatefulSet').readinessProbe.httpGet.path = '/readyz/serving'),
      /cap-registry: readinessProbe does not ask \/readyz of/,
    ],
    [(d) => (containerOf(d).livenessProbe.httpGet.path = '/readyz'), /livenessProbe does not ask \/healthz/],
    [(d) => (containerOf(d).livenessProbe.httpGet.port = 'https'), /livenessProbe/],
    [(d) => delete containerOf(d).startupProbe, /startupProbe/],
    [
      (d) => (one(d, 'Deployment', '').spec.template.metadata.annotations['prometheus.io/port'] = '8443'),
      /scraped on another port/,
    ],
    [(d) => delete one(d, 'Deployment', '').spec.template.metadata.annotations, /scraped by nobody/],
    [
      (d) => (one(d, 'Deployment', '').spec.template.metadata.annotations = { 'prometheus.io/scrape': 'true' }),
      /twice/,
      MONITORED,
    ],
    [(d) => config(d, 'cap-config', (text) => text.replace('cap-registry:8444', 'cap-registry:8081')), /registry.url/],
  ],
  flows: [
    [(d) => drop(d, 'NetworkPolicy', 'default-deny'), /cap-verifier: Ingress is not denied/],
    [(d) => drop(d, 'NetworkPolicy', 'dns'), /kube-dns 53 is missing/],
    [
      (d) => delete one(d, 'NetworkPolicy', 'cap-registry').spec.ingress[0].from,
      /anywhere -> cap-registry 8444 is too much/,
    ],
    [(d) => one(d, 'NetworkPolicy', 'cap-verifier').spec.egress.pop(), /cap-verifier => anywhere 443 is missing/],
    [
      (d) => (one(d, 'NetworkPolicy', 'cap-verifier').spec.ingress[0].ports[0].port = 8080),
      /cap-verifier 8080 is too much|8443 is missing/,
    ],
    [(d) => one(d, 'NetworkPolicy', 'cap-registry-storage').spec.egress[0].ports.pop(), /anywhere 443 is missing/, HA],
    [(d) => (one(d, 'NetworkPolicy', 'cap-backup').spec.egress[0].ports = undefined), /any port is too much/],
    [(d) => drop(d, 'NetworkPolicy', 'acme-solver'), /ACME solver 8089 is missing/, ISSUED],
  ],
  security: [
    [(d) => (one(d, 'Namespace', '').metadata.labels = {}), /does not enforce/],
    [(d) => delete podOf(d).automountServiceAccountToken, /service-account token/],
    [(d) => delete podOf(d).enableServiceLinks, /service links/],
    [(d) => (podOf(d).hostNetwork = true), /of the host/],
    [(d) => (podOf(d).securityContext.runAsUser = 0), /does not run as 1000/],
    [(d) => delete podOf(d).securityContext.fsGroup, /fsGroup/],
    [(d) => delete podOf(d).securityContext.seccompProfile, /seccomp/],
    [(d) => (podOf(d).volumes[0] = { name: 'config', hostPath: { path: '/' } }), /volume hostPath/],
    [(d) => (podOf(d).volumes.find((v) => v.secret).secret.defaultMode = 420), /mode of/],
    [(d) => (podOf(d).volumes.find((v) => v.emptyDir).emptyDir = {}), /has no limit/],
    [(d) => delete containerOf(d).securityContext.allowPrivilegeEscalation, /may gain privileges/],
    [(d) => (containerOf(d).securityContext.readOnlyRootFilesystem = false), /may write to its root/],
    [(d) => (containerOf(d).securityContext.capabilities.add = ['NET_ADMIN']), /capabilities/],
    [(d) => (containerOf(d).securityContext.privileged = true), /another user/],
    [(d) => (containerOf(d).ports[0].hostPort = 80), /a port of the host/],
    [(d) => delete containerOf(d).resources.limits.memory, /no limits.memory/],
    [(d) => delete containerOf(d).volumeMounts[0].readOnly, /config can be written/],
  ],
  images: [
    [(d) => (containerOf(d).image = containerOf(d).image.replace(/:.*/, ':latest')), /image .*:latest/],
    [(d) => (containerOf(d).image = containerOf(d).image.replace('verifier-api', 'agent')), /image .*cap-agent/],
  ],
  scaling: [
    [(d) => (one(d, 'Deployment', '').spec.replicas = 3), /would reset the autoscaler/],
    [(d) => (one(d, 'HorizontalPodAutoscaler', '').spec.minReplicas = 1), /not 3 to 10/],
    [
      (d) => (one(d, 'HorizontalPodAutoscaler', '').spec.metrics[0].resource.target.averageUtilization = 90),
      /cpu 70 is missing/,
    ],
    [(d) => (containerOf(d).resources.requests.memory = '256Mi'), /never scaled down/],
    [(d) => drop(d, 'PodDisruptionBudget', 'cap-verifier'), /cap-verifier: no PDB/],
    [(d) => drop(d, 'PodDisruptionBudget', 'cap-registry'), /cap-registry: no PDB/, HA],
    [(d) => (one(d, 'StatefulSet', '').spec.replicas = 2), /not one writer/],
    [(d) => podOf(d, 'cap-registry', 'StatefulSet').tolerations.pop(), /not off a node that is not-ready after 30 s/],
    [
      (d) => (podOf(d, 'cap-registry', 'StatefulSet').tolerations[0].tolerationSeconds = 300),
      /not off a node that is unreachable after 30 s/,
    ],
    [(d) => podOf(d, 'cap-registry').volumes.push({ persistentVolumeClaim: {} }), /share a claim/, HA],
  ],
  rollout: [
    [(d) => (podOf(d).terminationGracePeriodSeconds = 30), /killed before it has ended/],
    [(d) => delete one(d, 'Deployment', '').spec.strategy, /ends before the next is ready/],
    [(d) => delete containerOf(d).lifecycle, /no preStop/],
    [
      (d) => config(d, 'cap-config', (text) => text.replace('timeout_seconds: 30', 'timeout_seconds: 60')),
      /60 s is cut off/,
    ],
    [(d) => delete one(d, 'CronJob', '').spec.timeZone, /schedule/],
    [(d) => one(d, 'CronJob', '').spec.jobTemplate.spec.template.spec.containers[0].args.shift(), /not run-once/],
  ],
  published: [
    [(d) => Object.assign(ingressPaths(d)[0], { path: '/', pathType: 'Prefix' }), /\/metrics is published/],
    [(d) => ingressPaths(d).shift(), /\/verify is not published/],
    [
      (d) => (one(d, 'HTTPRoute', '').spec.rules[0].matches[0].path.value = '/readyz'),
      /\/readyz is published/,
      GATEWAY,
    ],
    [(d) => (one(d, 'HTTPRoute', '').spec.rules[0].timeouts.request = '30s'), /gives up/, GATEWAY],
    [(d) => drop(d, 'BackendTLSPolicy', ''), /speaks http/, GATEWAY],
    [(d) => drop(d, 'Ingress', ''), /not published once/],
    [(d) => (one(d, 'HTTPRoute', '').spec.hostnames = ['cap.example.org']), /published as .*cap.example.org/, GATEWAY],
    [
      (d) => (one(d, 'Certificate', 'cap-verifier-tls').spec.dnsNames = ['cap.example.org']),
      /published as .*cap.example.org/,
      ISSUED,
    ],
    ...[
      ['backend-protocol', 'HTTP', /speaks http/],
      ['ssl-redirect', 'false', /redirect/],
      ['proxy-body-size', '1m', /size of bodies/],
      ['proxy-request-buffering', 'on', /keeps requests back/],
      ['proxy-read-timeout', '30', /gives up/],
    ].map(([word, value, says]) => [
      (d) => (one(d, 'Ingress', '').metadata.annotations[`nginx.ingress.kubernetes.io/${word}`] = value),
      says,
      NGINX,
    ]),
  ],
};
function config(documents, name, change) {
  const { data } = one(documents, 'ConfigMap', name);
  data['app.yaml'] = change(data['app.yaml']);
}

for (const rule of Object.keys(RULES))
  test(`the rule on ${rule} finds its faults`, () => {
    assert.ok(WRONG[rule]?.length > 0, 'a rule without a case');
    for (const [change, says, rendering = 'production'] of WRONG[rule]) {
      const documents = structuredClone(rendered.get(rendering));
      change(documents);
      const faults = faultsOf(new Cluster(documents), [rule]);
      assert.ok(
        faults.some((fault) => says.test(fault)),
        `${change}: ${JSON.stringify(faults)}`,
      );
    }
  });

test('every document has its Kubernetes type, and a wrong or unknown field is found', () => {
  const wrong = [
    [(d) => (containerOf(d).livenesProbe = {}), /Deployment cap-verifier: .*livenesProbe/],
    [
      (d) => (one(d, 'Service', 'cap-verifier-svc').spec.ports[0].port = '8080'),
      /Service cap-verifier-svc: .*'string'/,
    ],
    [(d) => delete one(d, 'CronJob', '').spec.schedule, /CronJob cap-backup: .*schedule/],
    [(d) => (one(d, 'NetworkPolicy', 'dns').spec.egress[0].from = []), /NetworkPolicy dns: .*from/],
    [
      (d) => (one(d, 'ServiceMonitor', '').spec.endpoints[0].metricsPath = '/'),
      /ServiceMonitor .*metricsPath/,
      MONITORED,
    ],
    [(d) => (one(d, 'Certificate', 'cap-tls').spec.issuerRef.kind = 'CA'), /Certificate cap-tls-certs: .*"CA"/, ISSUED],
    [(d) => delete one(d, 'HTTPRoute', '').spec.rules[0].backendRefs[0].name, /HTTPRoute .*name/, GATEWAY],
  ];
  const broken = wrong.map(([change, , rendering = 'production']) => {
    const documents = structuredClone(rendered.get(rendering));
    change(documents);
    return documents;
  });
  const faults = typeFaults(...rendered.values(), ...broken);
  assert.deepEqual(faults.slice(0, rendered.size).flat(), []);
  for (const [at, [, says]] of wrong.entries()) {
    assert.equal(faults[rendered.size + at].length, 1, `${says}`);
    assert.match(faults[rendered.size + at][0], says);
  }
});

const SERVICES = {
  'cap-verifier': 'verifier',
  'cap-registry': 'registry',
  'cap-registry-migrate': 'registry',
  'cap-backup': 'backup',
};
/** `cap config check` in a directory with what the container sees, with its variables, and paths moved there. */
function checkConfig(workload, change = (text) => text) {
  const place = mkdtempSync(path.join(tmpdir(), 'cap-mounted-'));
  try {
    const moved = (text) => text.replace(/(?<=^|[\s=])\/(?=(config|certs|run|data|backups|sources)\/)/gm, `${place}/`);
    for (const [file, text] of workload.files()) {
      mkdirSync(path.join(place, path.dirname(file)), { recursive: true });
      writeFileSync(path.join(place, file), file.endsWith('.yaml') ? moved(change(text)) : text);
    }
    const environment = Object.fromEntries(Object.entries(workload.environment()).map(([k, v]) => [k, moved(v)]));
    const file = path.join(place, 'config/app.yaml');
    return spawnSync(
      process.execPath,
      [CAP, 'config', 'check', '--config', file, '--service', SERVICES[workload.name]],
      {
        encoding: 'utf8',
        env: environment,
      },
    );
  } finally {
    rmSync(place, { recursive: true });
  }
}

for (const overlay of [...OVERLAYS, MIGRATE])
  test(`${overlay}: each program accepts its configuration and variables`, () => {
    const cluster = new Cluster(rendered.get(overlay));
    for (const name of Object.keys(SERVICES).filter((it) => cluster.workload(it))) {
      const { status, stderr } = checkConfig(cluster.workload(name));
      assert.equal(status, 0, `${name}: ${stderr}`);
    }
    assert.equal(
      cluster.workload('cap-verifier').config().environment,
      overlay === 'dev' ? 'development' : 'production',
    );
  });

test('the same check finds an invalid configuration', () => {
  const cluster = new Cluster(structuredClone(rendered.get('production')));
  const registry = cluster.workload('cap-registry');
  const wrong = checkConfig(registry, (text) => text.replace('database:', 'databse:'));
  assert.equal(wrong.status, 78);
  assert.match(wrong.stderr, /registry.databse/);
  registry.container.env[0].name = 'CAP_REGISTRY__TOKENS__VERIFIER_FIL';
  assert.equal(checkConfig(registry).status, 78);
});

test('what changes gets a new name, what stays the same keeps its name, and the pods refer to it', () => {
  const names = (documents) =>
    Object.fromEntries(
      documents
        .filter(({ kind }) => kind === 'ConfigMap' || kind === 'Secret')
        .map(({ metadata }) => [metadata.name.replace(/-[a-z0-9]{10}$/, ''), metadata.name]),
    );
  const before = names(rendered.get('production'));
  const undo = [
    manifests.replace('overlays/production/local/config/trust.json', '{}'),
    manifests.replace('overlays/production/local/tokens/operator.sha256', 'sha256:x'),
  ];
  const documents = manifests.render('production');
  for (const back of undo.reverse()) back();
  const now = names(documents);
  const changed = Object.keys(before).filter((name) => before[name] !== now[name]);
  assert.deepEqual(changed.sort(), ['cap-config', 'cap-tokens']);
  assert.deepEqual(faultsOf(new Cluster(documents), ['references']), []);
});

test('no secret is in the repository, and none can be added by mistake', () => {
  const listed = quietly('git', ['ls-files', 'deploy/kubernetes'], { cwd: root }).trim().split('\n');
  assert.ok(listed.length > 20);
  assert.deepEqual(
    listed.filter((file) => /\/local\/|\.(key|token|pem|crt)$/.test(file)),
    [],
  );
  const found = spawnSync(
    'git',
    ['grep', '-lE', 'PRIVATE KEY|BEGIN CERTIFICATE|stringData|^data:', '--', 'deploy/kubernetes'],
    {
      cwd: root,
      encoding: 'utf8',
    },
  );
  assert.equal(found.stdout, '');
  for (const overlay of OVERLAYS)
    quietly('git', ['check-ignore', `deploy/kubernetes/overlays/${overlay}/local/tokens/verifier.token`], {
      cwd: root,
    });
  // A Secret's text is nowhere but in Secrets.
  const open = JSON.stringify(rendered.get('production-ha').filter(({ kind }) => kind !== 'Secret'));
  assert.doesNotMatch(open, /canary|PRIVATE KEY/);
});

test('the public paths of Ingress and Gateway are the same', () => {
  const ingress = ingressPaths(rendered.get('production')).map(({ path: at, pathType }) => `${at} ${pathType}`);
  const { matches } = one(rendered.get(GATEWAY), 'HTTPRoute', '').spec.rules[0];
  assert.deepEqual(
    matches.map(({ path: { value, type } }) => `${value} ${type.replace('Path', '')}`),
    ingress,
  );
});

const page = readFileSync(path.join(root, 'docs/install/kubernetes.md'), 'utf8');
const blocks = commandsOf('kubernetes');
/** The part of a kustomization the page shows. */
const generator = /^```yaml\n(.*?)^```$/ms.exec(page)[1];
test('the commands of the page, verbatim', () => {
  const home = mkdtempSync(path.join(tmpdir(), 'cap-home-'));
  try {
    mkdirSync(path.join(home, 'cap/deploy'), { recursive: true });
    symlinkSync(path.join(root, 'deploy/scripts'), path.join(home, 'cap/deploy/scripts'));
    const bare = new Manifests();
    renameSync(bare.directory, path.join(home, 'cap/deploy/kubernetes'));
    bare.directory = path.join(home, 'cap/deploy/kubernetes');
    copyFileSync(manifests.at('overlays/dev/local/config/public.pem'), path.join(home, 'issuer.pem'));
    mkdirSync(path.join(home, 'bin'));
    writeFileSync(path.join(home, 'bin/cap'), `#!/bin/sh\nexec ${process.execPath} ${CAP} "$@"\n`, { mode: 0o755 });
    const env = { ...process.env, HOME: home, PATH: `${home}/bin:${process.env.PATH}` };
    for (const name of ['secrets', 'own', 'render', 'restore', 'scale-out'])
      quietly('bash', ['-euo', 'pipefail', '-c', blocks.get(name)], { env });

    const own = bare.render('own');
    const rules = Object.keys(RULES).filter((rule) => rule !== 'names' && rule !== 'images');
    assert.deepEqual(faultsOf(new Cluster(own), rules), []);
    assert.equal(containerOf(own).image, `images.example.org/cap-verifier-api:${version}`);
    assert.equal(one(own, 'Ingress', '').spec.rules[0].host, 'cap.example.org');
    assert.equal(one(own, 'StatefulSet', '').spec.volumeClaimTemplates[0].spec.storageClassName, 'fast');
    assert.match(one(own, 'ConfigMap', 'cap-config').data['auth.yaml'], /issuer: https:\/\/login.example.org/);
    assert.equal(readFileSync(path.join(home, 'rendered.yaml'), 'utf8').match(/^kind: /gm).length, own.length);

    for (const [overlay, name, kind] of [
      ['restore', 'cap-restore', 'StatefulSet'],
      ['migrate', 'cap-registry-migrate', 'Deployment'],
    ]) {
      const cluster = new Cluster(bare.render(overlay));
      assert.deepEqual(faultsOf(cluster, rules), []);
      assert.equal(cluster.one(kind, 'cap-registry').spec.replicas, 0, 'no registry beside it');
      assert.match(cluster.workload(name).container.image, /^images.example.org\/cap-registry:/);
    }
    const moved = new Cluster(bare.render('ha'));
    assert.deepEqual(faultsOf(moved, rules), []);
    const registry = moved.workload('cap-registry').config().registry;
    assert.equal(registry.blobs.s3.endpoint, 'https://s3.example.org');
    assert.equal(registry.log.origin, new Cluster(own).workload('cap-registry').config().registry.log.origin);

    // The changes the page says you may make.
    const written = readFileSync(bare.at('overlays/own/kustomization.yaml'), 'utf8');
    const changed = (...changes) => {
      const text = changes.reduce((kept, [from, to]) => kept.replace(from, to), written);
      bare.write('overlays/own/kustomization.yaml', text);
      return new Cluster(bare.render('own'));
    };
    const gateway = ['components/ingress-nginx', 'components/gateway'];
    const without = ['  - ../../components/cert-manager\n', ''];
    for (const changes of [[gateway], [without], [gateway, without]]) {
      const cluster = changed(...changes);
      assert.deepEqual(faultsOf(cluster, rules), []);
      for (const { spec } of cluster.all('HTTPRoute')) assert.deepEqual(spec.hostnames, ['cap.example.org']);
    }
    // A public certificate other than that of the pods.
    for (const name of ['tls.crt', 'tls.key']) bare.write(path.join('overlays/own', name), 'of the world');
    const shown = changed(without, ['configMapGenerator:', `${generator}configMapGenerator:`]);
    assert.deepEqual(faultsOf(shown, rules), []);
    const [{ secretName }] = shown.all('Ingress')[0].spec.tls;
    assert.equal(shown.contents('Secret', secretName)['tls.crt'], 'of the world');
    assert.notEqual(shown.workload('cap-verifier').files().get('/certs/tls.crt'), 'of the world');
    cpSync(bare.at('overlays/production/local'), bare.at('overlays/dev/local'), { recursive: true });
    const auth = ['  - name: cap-config\n    behavior: merge\n    files: [auth.yaml]\n', ''];
    const dev = changed(['../production', '../dev'], auth, without);
    assert.deepEqual(faultsOf(dev, rules), []);
    assert.equal(dev.workload('cap-verifier').config().environment, 'development');
    // Secrets that something else creates.
    const production = readFileSync(bare.at('overlays/production/kustomization.yaml'), 'utf8');
    bare.write('overlays/bare/kustomization.yaml', production.slice(0, production.indexOf('secretGenerator:')));
    for (const place of ['local/config', 'local/certs/ca.crt'])
      cpSync(bare.at('overlays/production', place), bare.at('overlays/bare', place), { recursive: true });
    const secrets = new Cluster(own).all('Secret').map((secret) => {
      const name = secret.metadata.name.replace(/-[a-z0-9]{10}$/, '');
      return { ...secret, metadata: { ...secret.metadata, name } };
    });
    const tls = ['cap-tls-certs', 'cap-verifier-tls'].map((name) => ({
      kind: 'Secret',
      metadata: { name, namespace: 'cap-system' },
      data: { 'tls.crt': '', 'tls.key': '', 'ca.crt': '' },
    }));
    for (const [changes, brought] of [
      [[], secrets],
      [[without], [...secrets, ...tls]],
    ]) {
      const { documents } = changed(['../production', '../bare'], ...changes);
      assert.ok(!documents.some(({ kind }) => kind === 'Secret'));
      assert.deepEqual(faultsOf(new Cluster([...documents, ...brought]), rules), []);
    }
  } finally {
    rmSync(home, { recursive: true });
  }
});

/** A stand-in kubectl for the pages' commands, with a Job that ends after a while: it records its calls in order. */
const KUBECTL = `#!/bin/sh
[ "$1" = --namespace ] && shift 2
echo "$*" >> "$HOME/asked"
case "$*" in
  'create job'*) (sleep 1; echo "$ENDS" > "$HOME/ended") & ;;
  wait*condition=*job/*)
    while ! grep -qi "condition=$(cat "$HOME/ended" 2> /dev/null || echo none)" << END; do sleep 0.05; done
$*
END
    ;;
  'get job'*) [ "$ENDS" = failed ] || echo 1 ;;
  port-forward*) echo 'Forwarding from'; exec sleep 60 ;;
esac
`;
/** Runs commands with it; returns the exit code, its calls, and the port-forwards that are left. */
function withKubectl(commands, ends = 'complete') {
  const home = mkdtempSync(path.join(tmpdir(), 'cap-asked-'));
  try {
    mkdirSync(path.join(home, 'bin'));
    mkdirSync(path.join(home, 'try'));
    writeFileSync(path.join(home, 'bin/kubectl'), KUBECTL, { mode: 0o755 });
    const env = { ...process.env, HOME: home, ENDS: ends, PATH: `${home}/bin:${process.env.PATH}` };
    const { status, stderr } = spawnSync('bash', ['-euo', 'pipefail', '-c', commands], {
      encoding: 'utf8',
      env,
      timeout: 30_000,
    });
    return { status, stderr, asked: readFileSync(path.join(home, 'asked'), 'utf8').trim().split('\n') };
  } finally {
    rmSync(home, { recursive: true });
  }
}

test('a manual backup is waited for and shown; only a successful one is removed', () => {
  const commands = blocks.get('finish') + blocks.get('backup-now');
  const well = withKubectl(commands);
  assert.equal(well.status, 0, well.stderr);
  const verbs = (asked) =>
    asked.map((line) =>
      line
        .split(' ')
        .slice(0, 2)
        .join(' ')
        .replace(/ --for.*/, ''),
    );
  assert.deepEqual(verbs(well.asked), ['create job', 'wait', 'wait', 'logs --selector', 'get job', 'delete job']);
  const badly = withKubectl(commands, 'failed');
  assert.equal(badly.status, 1);
  assert.match(badly.stderr, /cap-backup-now did not succeed, and stays/);
  assert.deepEqual(verbs(badly.asked), ['create job', 'wait', 'wait', 'logs --selector', 'get job']);
});

test('the walkthrough has one port-forward at a time, and leaves none behind', () => {
  const way = commandsOf('walkthrough').get('way-kubernetes');
  const said = withKubectl(`${way}
    reload; first=$forward
    reload; ! kill -0 "$first" 2> /dev/null
    kill -0 "$forward"; echo "$forward" > ~/asked.pid
    backup; cat ~/asked.pid >> ~/asked`);
  assert.equal(said.status, 0, said.stderr);
  // Ended, though perhaps not reaped yet.
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', said.asked.at(-1)], { encoding: 'utf8' });
  assert.match(stdout, /^(Z.*\n)?$/);
});

test('every block of the page is valid shell', () => {
  const all = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, commands]) => commands);
  assert.ok(all.length > 10);
  for (const commands of all) quietly('bash', ['-n', '-c', commands]);
});

test('the pod for inspecting backups satisfies the rules', () => {
  const cluster = new Cluster([...rendered.get('production'), ...manifests.documents('backups-pod.yaml')]);
  assert.deepEqual(faultsOf(cluster, ['references', 'mounts', 'security', 'images', 'selectors']), []);
  assert.deepEqual(typeFaults(manifests.documents('backups-pod.yaml')), [[]]);
});
