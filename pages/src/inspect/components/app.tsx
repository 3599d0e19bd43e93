import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Inspector } from '../inspector.ts';
import { listenForShortcuts } from '../shortcuts.ts';
import { Header } from './header.tsx';
import { RestoreDialog } from './restore-dialog.tsx';
import { SidePanel } from './side-panel.tsx';
import { Stage } from './stage.tsx';
import { TimelineSlider } from './timeline.tsx';
import { Transport } from './transport.tsx';

/** The whole page. */
export function App({ inspector }: { readonly inspector: Inspector }) {
  const isRestoring = useSignal(false);
  const isHelpOpen = useSignal(false);
  useEffect(
    () =>
      listenForShortcuts(inspector, {
        restore: () => {
          if (inspector.position.value === 'live') return;
          inspector.pause();
          isRestoring.value = true;
        },
        help: () => {
          isHelpOpen.value = true;
        },
        toggleAuthors: () => {
          inspector.showsAuthors.value = !inspector.showsAuthors.value;
        },
      }),
    [inspector],
  );
  return (
    <div class="page">
      <Header inspector={inspector} isHelpOpen={isHelpOpen} />
      <Stage inspector={inspector} />
      <SidePanel inspector={inspector} isRestoring={isRestoring} />
      <footer class="dock">
        <Transport inspector={inspector} />
        <TimelineSlider inspector={inspector} />
      </footer>
      <p class="notice" role="status" data-empty={inspector.notice.value === ''}>
        {inspector.notice.value}
      </p>
      <RestoreDialog inspector={inspector} isOpen={isRestoring} />
    </div>
  );
}
