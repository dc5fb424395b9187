/** Commands as somebody types them on a machine of a test. */
import { spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';

/** A command that takes longer hangs. */
const COMMAND_MS = 120_000;

/** What a server and an engine have in common; `shellOf(commands, options)` of each says how one gets there. */
export class Shell {
  /**
   * Runs commands in a shell that stops at the first failure; `input` goes to stdin, what takes longer than `milliseconds` is
   * ended with its children. Other options are those of the machine. Answers {code, stdout, stderr}.
   */
  run(commands, { mayFail = false, input = '', milliseconds = COMMAND_MS, ...options } = {}) {
    const { command, ...spawnOptions } = this.shellOf(commands, options);
    // A process group, so that a late one is ended with its children.
    const child = spawn(command[0], command.slice(1), { ...spawnOptions, stdio: 'pipe', detached: true });
    child.stdin.on('error', () => undefined); // it need not read it
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

  /** What commands print, without the last line break. */
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
