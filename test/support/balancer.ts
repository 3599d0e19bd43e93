import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { inject } from 'vitest';
import { eventually } from '../faults/support.ts';
import { pathOf } from './requirements.ts';
import { TempDir } from './temp-dir.ts';

/** What goes around a file that is meant for `/etc/nginx/conf.d`. */
const nginxAround = (directory: string): string => `
pid ${directory}/nginx.pid;
worker_processes 1;
events {}
http {
    access_log off;
    include ${directory}/headwater.conf;
}
`;

/** A real nginx or HAProxy, run with a configuration that listens on a port of this machine. */
export class BalancerProcess implements AsyncDisposable {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #directory: TempDir;
  #said = '';

  private constructor(child: ChildProcess, directory: TempDir, port: number) {
    this.#child = child;
    this.#directory = directory;
    this.port = port;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#said += text;
      });
    }
  }

  /** Starts it, and waits until somebody behind it answers. */
  static async start(program: 'nginx' | 'haproxy', configuration: string, port: number): Promise<BalancerProcess> {
    const directory = await TempDir.create();
    const file = directory.join('headwater.conf');
    await writeFile(file, configuration);
    await writeFile(directory.join('nginx.conf'), nginxAround(directory.path));
    const path = pathOf(inject(program));
    const args = {
      nginx: ['-e', 'stderr', '-c', directory.join('nginx.conf'), '-g', 'daemon off;'],
      haproxy: ['-db', '-f', file],
    }[program];
    const balancer = new BalancerProcess(spawn(path, args, { stdio: ['ignore', 'pipe', 'pipe'] }), directory, port);
    try {
      await eventually(() => balancer.#answers(), `${program} to be there`);
      return balancer;
    } catch (cause) {
      await balancer[Symbol.asyncDispose]();
      throw new Error(`${program} did not start:\n${balancer.#said}`, { cause });
    }
  }

  /** What a client connects to. */
  get url(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  async #answers(): Promise<boolean> {
    if (this.#child.exitCode !== null) throw new Error(`it ended with ${this.#child.exitCode}`);
    const response = await fetch(`http://127.0.0.1:${this.port}/health`).catch(() => undefined);
    return response?.ok === true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null) {
      const gone = once(this.#child, 'close');
      this.#child.kill('SIGTERM');
      await gone;
    }
    await this.#directory[Symbol.asyncDispose]();
  }
}
