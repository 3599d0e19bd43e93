const realImmediate = globalThis.setImmediate;

interface Task {
  atMs: number;
  /** Of tasks that are due together the one that was asked for first is first. */
  readonly turn: number;
  readonly run: () => void;
  readonly everyMs: number | undefined;
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

const REPLACED = [
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'setImmediate',
  'clearImmediate',
] as const;

/**
 * Timers and clocks that pass when a test says so; between two timers everything happens that needs no time. Vitest's own fake
 * timers look through all of them for the next one, which a simulation of hours has no time for.
 */
export class VirtualTime implements Disposable {
  /** A heap: the earliest task first. */
  readonly #tasks: Task[] = [];
  /** Puts back what was replaced. */
  readonly #undo: (() => void)[] = [];
  #nowMs = 0;
  #turns = 0;

  constructor() {
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
    this.#replace(Date, 'now', () => 1_700_000_000_000 + this.#nowMs);
  }

  /** Lets so many milliseconds pass. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settle();
    for (let task = this.#tasks[0]; task !== undefined && task.atMs <= untilMs; task = this.#tasks[0]) {
      this.#takeFirst();
      if (task.isCancelled) continue;
      this.#nowMs = task.atMs;
      task.run();
      if (task.everyMs !== undefined) this.#push(Object.assign(task, { atMs: task.atMs + task.everyMs }));
      await settle();
    }
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
    const task: Task = { atMs: this.#nowMs + Math.max(0, ms), turn: this.#turns++, run, everyMs, isCancelled: false };
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
