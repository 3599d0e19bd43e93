import { type Signal, useSignal } from '@preact/signals';
import { countText, dateText, shortDateText, timeText } from '../format.ts';
import type { Inspector } from '../inspector.ts';
import { authorName } from '../timeline/authors.ts';
import { FlagIcon, RestoreIcon } from './icons.tsx';
import { NameDialog } from './name-dialog.tsx';

/** What is known of the moment, the named versions, and who wrote. */
export function SidePanel({
  inspector,
  isRestoring,
}: {
  readonly inspector: Inspector;
  readonly isRestoring: Signal<boolean>;
}) {
  return (
    <aside class="side" aria-label="About this moment">
      <MomentCard inspector={inspector} isRestoring={isRestoring} />
      <Authors inspector={inspector} />
      <Versions inspector={inspector} />
    </aside>
  );
}

function MomentCard({
  inspector,
  isRestoring,
}: {
  readonly inspector: Inspector;
  readonly isRestoring: Signal<boolean>;
}) {
  const isNaming = useSignal(false);
  const isLive = inspector.position.value === 'live';
  const moment = inspector.moment.value;
  const facts = inspector.facts.value;
  const timeMs = facts?.timeMs ?? inspector.scale.value?.timeOf(moment);
  return (
    <section class="card">
      <h2>{isLive ? 'Now' : `Moment ${countText(moment)}`}</h2>
      <dl class="facts">
        <div>
          <dt>{isLive ? 'Last edit' : 'When'}</dt>
          <dd>{timeMs === undefined ? '–' : `${dateText(timeMs)}, ${timeText(timeMs)}`}</dd>
        </div>
        {!isLive && (
          <div>
            <dt>By</dt>
            <dd>
              {facts === undefined || facts.authors.length === 0 ? '–' : facts.authors.map(authorName).join(', ')}
            </dd>
          </div>
        )}
        <div>
          <dt>{isLive ? 'Moments' : 'Since then'}</dt>
          <dd>
            {isLive
              ? countText(inspector.lastMoment.value)
              : `${countText(inspector.lastMoment.value - moment)} moments`}
          </dd>
        </div>
      </dl>
      <div class="card-actions">
        <button
          type="button"
          class="button is-primary"
          disabled={isLive}
          title="Restore this moment (R)"
          onClick={() => {
            isRestoring.value = true;
          }}
        >
          <RestoreIcon /> Restore…
        </button>
        <button
          type="button"
          class="button"
          onClick={() => {
            isNaming.value = true;
          }}
        >
          <FlagIcon /> Name…
        </button>
      </div>
      <NameDialog inspector={inspector} isOpen={isNaming} />
    </section>
  );
}

function Authors({ inspector }: { readonly inspector: Inspector }) {
  const authors = inspector.authors.value;
  const total = authors.reduce((sum, { updates }) => sum + updates, 0);
  const named = authors.filter(({ color }) => color > 0);
  const others = authors.length - named.length;
  return (
    <section class="card" aria-label="Authors">
      <h2>Authors</h2>
      <ul class="authors">
        {named.map(({ id, name, color, updates }) => (
          <li key={id} data-color={color} title={id}>
            <span class="swatch" />
            <span class="author-name">{name}</span>
            <span class="author-share">{percentText(updates / total)}</span>
          </li>
        ))}
        {others > 0 && (
          <li data-color={0}>
            <span class="swatch" />
            <span class="author-name">{countText(others)} others</span>
          </li>
        )}
      </ul>
    </section>
  );
}

function percentText(part: number): string {
  return part < 0.01 ? '< 1 %' : `${Math.round(part * 100)} %`;
}

function Versions({ inspector }: { readonly inspector: Inspector }) {
  const versions = inspector.timeline.value?.versions ?? [];
  return (
    <section class="card" aria-label="Versions">
      <h2>Versions</h2>
      {versions.length === 0 && <p class="hint">Name a moment, and it is kept for ever.</p>}
      <ul class="versions">
        {versions.toReversed().map(({ id, label, sequence }) => {
          const timeMs = inspector.scale.value?.timeOf(sequence);
          return (
            <li key={id}>
              <button
                type="button"
                class="version"
                aria-current={inspector.position.value === sequence}
                onClick={() => inspector.seek(sequence)}
              >
                <span class="version-label">{label}</span>
                <span class="version-date">{timeMs === undefined ? countText(sequence) : shortDateText(timeMs)}</span>
              </button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
