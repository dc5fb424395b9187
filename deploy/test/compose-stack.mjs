/** A machine on which a test follows docs/install/docker.md: an engine, the release in ~/cap, nginx. */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../../scripts/setup.mjs';
import { Engine } from './engine.mjs';
import { quietly } from './host.mjs';

/** nginx's directory on the page; the test uses its own instead. */
const NGINX_ETC = '/etc/nginx';
const HEALTHY_MS = 60_000;
const LOAD_MS = 150_000;

export const SERVICES = ['cap-registry', 'cap-verifier', 'cap-backup'];

export class ComposeStack {
  static async start() {
    const stack = new ComposeStack();
    stack.engine = await Engine.start();
    stack.home = stack.engine.home;
    stack.directory = path.join(stack.home, 'cap/deploy/compose');
    stack.nginx = path.join(stack.home, 'nginx');
    stack.#copyRelease();
    stack.#prepareNginx();
    return stack;
  }

  /** What a user checks out: the files in git, in their present state. */
  #copyRelease() {
    const files = quietly('git', ['-C', root, 'ls-files', '-coz', '--exclude-standard', 'deploy', 'examples']);
    for (const file of files.split('\0').filter((name) => name !== ''))
      cpSync(path.join(root, file), path.join(this.home, 'cap', file));
    // A careful root has this umask.
    quietly('chmod', ['-R', 'go-rwx', path.join(this.home, 'cap')]);
  }

  #prepareNginx() {
    for (const directory of ['conf.d', 'tmp']) mkdirSync(path.join(this.nginx, directory), { recursive: true });
    const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path tmp/${name};`);
    writeFileSync(
      path.join(this.nginx, 'nginx.conf'),
      `user root; pid ${this.home}/nginx.pid; worker_processes 1; events {}
       http { access_log off; ${places.join(' ')} include conf.d/*.conf; }\n`,
    );
    const wrapper = `#!/bin/sh\nexec /usr/sbin/nginx -p ${this.nginx} -c ${this.nginx}/nginx.conf -e ${this.nginx}/error.log "$@"\n`;
    writeFileSync(path.join(this.engine.bin, 'nginx'), wrapper, { mode: 0o755 });
  }

  /** Runs a page's commands in the home directory. */
  run(commands, options = {}) {
    const here = commands.replaceAll(NGINX_ETC, this.nginx);
    return this.engine.run(here, { cwd: this.home, env: { CAP_HEALTH_INTERVAL: '1s' }, ...options });
  }

  async ask(commands) {
    return (await this.run(commands)).stdout.trim();
  }

  inspect(container, format) {
    return this.ask(`docker inspect --format '{{${format}}}' ${container}`);
  }

  pidOf(container) {
    return this.inspect(container, '.State.Pid');
  }

  async statusOf(container) {
    return readFileSync(`/proc/${await this.pidOf(container)}/status`, 'utf8');
  }

  /** For callers outside the containers' network, who do not use Docker's DNS. */
  addressOf(container) {
    return this.inspect(container, '(index .NetworkSettings.Networks "cap-network").IPAddress');
  }

  healthy(...containers) {
    const each = (name) => `[ "$(docker inspect --format '{{.State.Health.Status}}' ${name})" = healthy ]`;
    return this.engine.until(containers.map(each).join(' && '), HEALTHY_MS);
  }

  /** What the walkthrough registered, from the verifier itself. */
  entries() {
    return this.ask(`curl -sS --fail --cacert ${this.directory}/certs/ca.crt \
      --header "Authorization: Bearer $(cat ~/try/token)" https://localhost:8443/registry/entries`);
  }

  async memoryOf(container) {
    const status = await this.statusOf(container);
    const line = (name) => new RegExp(`${name}:\\s+\\d+.*`).exec(status)[0].replaceAll(/\s+/g, ' ');
    return ['VmRSS', 'VmHWM', 'Threads'].map(line).join(', ');
  }

  /** Debian's Prometheus with the shipped configuration, which names the containers. */
  async startPrometheus() {
    const names = await Promise.all(SERVICES.map(async (name) => `${await this.addressOf(name)} ${name}\n`));
    writeFileSync(path.join(this.home, 'hosts'), names.join(''));
    await this.run(`unshare --mount sh -c 'mount --bind hosts /etc/hosts && exec prometheus \
      --config.file=cap/deploy/monitoring/prometheus/prometheus.yml --storage.tsdb.path=prometheus \
      --web.listen-address=127.0.0.1:9090' > prometheus.log 2>&1 & echo $! > prometheus.pid`);
  }

  /** Runs commands while all kinds of requests arrive through nginx; returns how those were answered. */
  async underLoad(commands) {
    const stop = path.join(this.home, 'stop');
    rmSync(stop, { force: true });
    const given = ['https://localhost', `${this.directory}/certs/ca.crt`, '~/try/token', '~/try/bundle.zip', stop];
    const program = path.join(root, 'deploy/test/load.mjs');
    const load = this.run([process.execPath, program, ...given].join(' '), { milliseconds: LOAD_MS });
    load.catch(() => undefined); // reported below
    try {
      await this.run(commands);
    } finally {
      writeFileSync(stop, '');
    }
    return JSON.parse((await load).stdout);
  }

  async end() {
    await this.run('for file in *.pid; do kill "$(cat "$file")" || true; done', { mayFail: true });
    await this.engine.end();
  }
}
