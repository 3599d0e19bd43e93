import type { Random } from '../support/random.ts';

const realImmediate = globalThis.setImmediate;

interface Task {
  atMs: number;
  /** Of tasks that are due together the one that was asked for first is first. */
  readonly turn: number;
  readonly run: () => void;
  readonly everyMs: number | undefined;
  /** Whose timer it is. */
  readonly process: VirtualProcess | undefined;
  isCancelled: boolean;
}

/** What timers are known by; the process has nothing to wait for. */
class Handle {
  readonly task: Task;

  constructor(task: Task) {
    this.task = task;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

/**
 * What a process is to the simulation: the timers that were started in it, and what follows from them. It can be frozen, as
 * SIGSTOP does, and end like with SIGKILL.
 */
export class VirtualProcess {
  readonly #time: VirtualTime;
  frozenUntilMs = 0;
  isDead = false;

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  /** Has something happen in it, in so many milliseconds: that is how everything gets in. */
  after(ms: number, run: () => void): void {
    this.#time.inProcess(this, () => setTimeout(run, ms));
  }

  freeze(ms: number): void {
    this.frozenUntilMs = Math.max(this.frozenUntilMs, performance.now() + ms);
  }

  thaw(): void {
    this.frozenUntilMs = 0;
  }

  kill(): void {
    this.isDead = true;
  }
}

const REPLACED = [
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'setImmediate',
  'clearImmediate',
] as const;

/**
 * Timers, clocks and chance as a test says; between two timers everything happens that needs no time. Vitest's own fake
 * timers look through all of them for the next one, which a simulation of hours has no time for.
 */
export class VirtualTime implements Disposable {
  /** A heap: the earliest task first. */
  readonly #tasks: Task[] = [];
  /** Puts back what was replaced. */
  readonly #undo: (() => void)[] = [];
  #nowMs = 0;
  #turns = 0;
  /** In which everything happens that happens now; none: it is the world outside. */
  #process: VirtualProcess | undefined;

  constructor(random: Random) {
    const replacements: Record<(typeof REPLACED)[number], unknown> = {
      setTimeout: (run: () => void, ms = 0) => this.#add(run, ms),
      setInterval: (run: () => void, ms = 0) => this.#add(run, ms, ms),
      setImmediate: (run: () => void) => this.#add(run, 0),
      clearTimeout: cancel,
      clearInterval: cancel,
      clearImmediate: cancel,
    };
    for (const name of REPLACED) this.#replace(globalThis, name, replacements[name]);
    this.#replace(performance, 'now', () => this.#nowMs);
    this.#replace(Math, 'random', () => random.below(2 ** 32) / 2 ** 32);
    this.#replace(Date, 'now', () => 1_700_000_000_000 + this.#nowMs);
  }

  /** Starts timers in a process, or, without one, outside of all of them. What waits for a promise is out of it again. */
  inProcess<T>(process: VirtualProcess | undefined, start: () => T): T {
    const before = this.#process;
    this.#process = process;
    try {
      return start();
    } finally {
      this.#process = before;
    }
  }

  /** Lets so many milliseconds pass. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settle();
    for (let task = this.#tasks[0]; task !== undefined && task.atMs <= untilMs; task = this.#tasks[0]) {
      this.#takeFirst();
      if (task.isCancelled || task.process?.isDead === true) continue;
      const frozenUntilMs = task.process?.frozenUntilMs ?? 0;
      if (frozenUntilMs > task.atMs) {
        this.#push(Object.assign(task, { atMs: frozenUntilMs }));
        continue;
      }
      this.#nowMs = task.atMs;
      // What follows from it follows before the next one: it all happens in the same process.
      this.#process = task.process;
      task.run();
      if (task.everyMs !== undefined) this.#push(Object.assign(task, { atMs: task.atMs + task.everyMs }));
      await settle();
    }
    this.#process = undefined;
    this.#nowMs = untilMs;
  }

  [Symbol.dispose](): void {
    for (const undo of this.#undo.splice(0)) undo();
  }

  #replace(target: object, name: string, value: unknown): void {
    const before = Object.getOwnPropertyDescriptor(target, name);
    Object.defineProperty(target, name, { value, configurable: true, writable: true });
    this.#undo.push(() => {
      if (before === undefined) Reflect.deleteProperty(target, name);
      else Object.defineProperty(target, name, before);
    });
  }

  #add(run: () => void, ms: number, everyMs?: number): Handle {
    const task: Task = {
      atMs: this.#nowMs + Math.max(0, ms),
      turn: this.#turns++,
      run,
      everyMs,
      process: this.#process,
      isCancelled: false,
    };
    this.#push(task);
    return new Handle(task);
  }

  #push(task: Task): void {
    const tasks = this.#tasks;
    let at = tasks.push(task) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(task, tasks[parent])) break;
      tasks[at] = tasks[parent] as Task;
      at = parent;
    }
    tasks[at] = task;
  }

  #takeFirst(): void {
    const tasks = this.#tasks;
    const last = tasks.pop();
    if (last === undefined || tasks.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child + 1 < tasks.length && isBefore(tasks[child + 1] as Task, tasks[child])) child++;
      if (child >= tasks.length || !isBefore(tasks[child] as Task, last)) break;
      tasks[at] = tasks[child] as Task;
      at = child;
    }
    tasks[at] = last;
  }
}

function cancel(handle?: Handle): void {
  if (handle !== undefined) handle.task.isCancelled = true;
}

/** Lets promises settle that nothing but promises hold up. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    realImmediate(resolve);
  });
}

function isBefore(a: Task, b: Task | undefined): boolean {
  if (b === undefined) return false;
  return a.atMs === b.atMs ? a.turn < b.turn : a.atMs < b.atMs;
}
