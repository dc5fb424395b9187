/** Debian's nginx as the Ingress controller: does what the rendered Ingress says, and nothing more. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const PREFIX = 'nginx.ingress.kubernetes.io/';
/** Annotation -> directive; any other stops the test. */
const WORDS = {
  'ssl-redirect': () => '',
  'backend-protocol': (value) => {
    if (value !== 'HTTPS') throw new Error(`backend-protocol ${value} is not carried out by the test`);
    return '';
  },
  'proxy-body-size': (value) => `client_max_body_size ${value};`,
  'proxy-request-buffering': (value) => `proxy_request_buffering ${value};`,
  'proxy-read-timeout': (value) => `proxy_read_timeout ${value};`,
  'proxy-send-timeout': (value) => `proxy_send_timeout ${value};`,
};

export class Controller {
  constructor(engine) {
    this.engine = engine;
    this.directory = path.join(engine.home, 'nginx');
    mkdirSync(path.join(this.directory, 'tmp'), { recursive: true });
  }

  file(name, text) {
    writeFileSync(path.join(this.directory, name), text, { mode: 0o600 });
  }

  #nginx(...words) {
    const place = `-p ${this.directory} -c nginx.conf -e error.log`;
    return this.engine.run(`/usr/sbin/nginx ${place} ${words.join(' ')}`);
  }

  /** `more` is another server of its configuration. */
  async start(cluster, more = '') {
    const [{ metadata, spec }] = cluster.all('Ingress');
    const words = Object.entries(metadata.annotations ?? {}).map(([name, value]) => {
      const word = WORDS[name.replace(PREFIX, '')];
      if (!word) throw new Error(`the annotation ${name} is not carried out by the test`);
      return word(value);
    });
    const tls = cluster.contents('Secret', spec.tls[0].secretName);
    this.file('tls.crt', tls['tls.crt']);
    this.file('tls.key', tls['tls.key']);
    const servers = spec.rules.map(({ host, http }) => {
      const locations = http.paths.flatMap(({ path: where, pathType, backend }) => {
        const { name, port } = backend.service;
        const { spec: service } = cluster.one('Service', name);
        if (!service.ports.some((it) => it.name === port.name)) throw new Error(`${name} has no port ${port.name}`);
        this.backend = { service: name, port: service.ports.find((it) => it.name === port.name).targetPort };
        if (pathType === 'Exact') return [`= ${where}`];
        if (pathType === 'Prefix') return [`= ${where}`, `${where}/`];
        throw new Error(`pathType ${pathType} is not carried out by the test`);
      });
      return `server { listen 443 ssl; server_name ${host}; ${locations
        .map((it) => `location ${it} { proxy_pass https://endpoints; }`)
        .join('\n')}
        location / { return 404; } }`;
    });
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((it) => `${it}_temp_path tmp/${it};`);
    // A request that a pod does not answer is not retried elsewhere, and the pod gets no fewer requests: every lost one is
    // noticed.
    this.file(
      'nginx.conf',
      `user root; pid nginx.pid; error_log error.log; worker_processes 1; events { worker_connections 4096; }
       http { access_log off; ${temporary.join(' ')} ssl_certificate tls.crt; ssl_certificate_key tls.key;
       proxy_http_version 1.1; proxy_next_upstream off; proxy_set_header Host $http_host; ${words.join(' ')}
       upstream endpoints { include endpoints.conf; }
       server { listen 443 ssl default_server; return 404; }
       ${servers.join('\n')}
       ${more} }\n`,
    );
    this.file('endpoints.conf', 'server 127.0.0.1:9;\n');
    await this.#nginx();
  }

  /** The pods that requests go to from now on. */
  async endpoints(pods) {
    this.file(
      'endpoints.conf',
      pods.map((pod) => `server ${pod.address}:${pod.port(this.backend.port)} max_fails=0;\n`).join(''),
    );
    await this.#nginx('-s reload');
  }

  async end() {
    await this.engine.run(`kill "$(cat ${this.directory}/nginx.pid)"`, { mayFail: true });
  }
}
