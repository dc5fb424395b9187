/** Runs commands as someone would type them on a test machine. */
import { spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';

/** A command that takes longer is considered hung. */
const COMMAND_MS = 120_000;

/** What a server and an engine have in common; each has its own `shellOf(commands, options)`. */
export class Shell {
  /**
   * Runs commands in a shell that stops at the first failure; `input` goes to stdin. After `milliseconds` the shell and its
   * children are killed. Other options are those of the machine. Returns {code, stdout, stderr}.
   */
  run(commands, { mayFail = false, input = '', milliseconds = COMMAND_MS, ...options } = {}) {
    const { command, ...spawnOptions } = this.shellOf(commands, options);
    // A process group, so that a hung one is killed with its children.
    const child = spawn(command[0], command.slice(1), { ...spawnOptions, stdio: 'pipe', detached: true });
    child.stdin.on('error', () => undefined); // the command need not read it
    child.stdin.end(input);
    return new Promise((resolve, reject) => {
      let [stdout, stderr] = ['', ''];
      child.stdout.setEncoding('utf8').on('data', (chunk) => (stdout += chunk));
      child.stderr.setEncoding('utf8').on('data', (chunk) => (stderr += chunk));
      const late = setTimeout(() => process.kill(-child.pid, 'SIGKILL'), milliseconds);
      child.on('error', reject);
      child.on('close', (code, signal) => {
        clearTimeout(late);
        if (code === 0 || mayFail) resolve({ code, stdout, stderr });
        else reject(new Error(`these commands ended with ${signal ?? code}:\n${commands}\n${stderr}${stdout}`));
      });
    });
  }

  /** The commands' output, without the last line break. */
  async ask(commands, options) {
    return (await this.run(commands, options)).stdout.trim();
  }

  /** Waits until the commands succeed. */
  async until(commands, milliseconds = 30_000) {
    const deadline = Date.now() + milliseconds;
    for (;;) {
      const result = await this.run(commands, { mayFail: true });
      if (result.code === 0) return result.stdout.trim();
      if (Date.now() > deadline)
        throw new Error(`still not so after ${milliseconds} ms:\n${commands}\n${result.stderr}${result.stdout}`);
      await pause(100);
    }
  }
}
