import { act, type ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { onTestFinished } from 'vitest';

/** Asks React to say when something changes outside of `act`. */
Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });

/** Components in a page of a test's own. */
export interface Mounted extends AsyncDisposable {
  readonly text: string;
  /** Shows something else in the same place. */
  show(node: ReactNode): Promise<void>;
  unmount(): Promise<void>;
}

/** Shows components, and lets their effects and what those set off run. */
export async function mount(node: ReactNode): Promise<Mounted> {
  const container = document.createElement('div');
  const root = createRoot(container);
  const unmount = (): Promise<void> => during(() => root.unmount());
  await during(() => root.render(node));
  return {
    get text() {
      return container.textContent;
    },
    show: (next) => during(() => root.render(next)),
    unmount,
    [Symbol.asyncDispose]: unmount,
  };
}

/** The same, until the test ends. */
export async function mountForTest(node: ReactNode): Promise<void> {
  const mounted = await mount(node);
  onTestFinished(() => mounted.unmount());
}

/** Does something and waits for all that comes of it; a fake server answers within the turn. */
export function during(doSomething: () => unknown): Promise<void> {
  return act(async () => {
    doSomething();
    await new Promise((resolve) => {
      setTimeout(resolve);
    });
  });
}
