import { useComputed, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { countText, whenText } from '../format.ts';
import type { Inspector } from '../inspector.ts';
import { currentsOf } from '../timeline/river.ts';
import { gapText, ticksOf } from '../timeline/ticks.ts';

const RIVER_HEIGHT = 76;
/** Part of all moments that Page Up and Page Down go by. */
const PAGE = 0.05;

/** The edit rate over time, with a slider over all moments. */
export function TimelineSlider({ inspector }: { readonly inspector: Inspector }) {
  const track = useRef<HTMLDivElement>(null);
  const width = useSignal(0);
  const hoverX = useSignal<number | undefined>(undefined);

  useEffect(() => {
    if (track.current === null) return undefined;
    const observer = new ResizeObserver(([entry]) => {
      width.value = entry?.contentRect.width ?? 0;
    });
    observer.observe(track.current);
    return () => observer.disconnect();
  }, []);

  const momentUnder = (event: PointerEvent): number => {
    const { left, width: across } = (event.currentTarget as HTMLElement).getBoundingClientRect();
    return inspector.scale.value?.momentAt((event.clientX - left) / across) ?? 0;
  };
  const drag = (event: PointerEvent): void => {
    const { left, width: across } = (event.currentTarget as HTMLElement).getBoundingClientRect();
    hoverX.value = Math.min(Math.max((event.clientX - left) / across, 0), 1);
    if ((event.currentTarget as HTMLElement).hasPointerCapture(event.pointerId)) inspector.seek(momentUnder(event));
  };
  const grab = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    inspector.seek(momentUnder(event));
  };

  return (
    <div class="timeline">
      <VersionFlags inspector={inspector} />
      <div
        class="track"
        ref={track}
        role="slider"
        tabIndex={0}
        aria-label="Moment of the document"
        aria-orientation="horizontal"
        aria-valuemin={0}
        aria-valuemax={inspector.lastMoment}
        aria-valuenow={inspector.moment}
        aria-valuetext={useComputed(() => valueText(inspector))}
        onPointerDown={grab}
        onPointerMove={drag}
        onPointerLeave={() => {
          hoverX.value = undefined;
        }}
        onKeyDown={(event) => slide(inspector, event)}
      >
        <River inspector={inspector} width={width.value} />
        <Playhead inspector={inspector} />
        <HoverLine inspector={inspector} x={hoverX.value} />
      </div>
      <Ticks inspector={inspector} width={width.value} />
    </div>
  );
}

/** What every slider does with these keys. */
function slide(inspector: Inspector, event: KeyboardEvent): void {
  const last = inspector.lastMoment.value;
  const page = Math.max(Math.round(last * PAGE), 1);
  const by: Record<string, () => void> = {
    ArrowUp: () => inspector.step(1),
    ArrowDown: () => inspector.step(-1),
    PageUp: () => inspector.seek(inspector.moment.value + page),
    PageDown: () => inspector.seek(inspector.moment.value - page),
    Home: () => inspector.seek(0),
    End: () => inspector.seek(last),
  };
  const action = by[event.key];
  if (action === undefined) return;
  event.preventDefault();
  action();
}

function valueText(inspector: Inspector): string {
  if (inspector.position.value === 'live') return 'Live: the document as it is now';
  const moment = inspector.moment.value;
  const timeMs = inspector.facts.value?.timeMs ?? inspector.scale.value?.timeOf(moment);
  const when = timeMs === undefined ? '' : `, ${whenText(timeMs)}`;
  return `Moment ${countText(moment)} of ${countText(inspector.lastMoment.value)}${when}`;
}

function River({ inspector, width }: { readonly inspector: Inspector; readonly width: number }) {
  const scale = inspector.scale.value;
  if (scale === undefined || width === 0) return <div class="river" />;
  const currents = currentsOf(scale, inspector.authors.value, width, RIVER_HEIGHT);
  return (
    <svg class="river" width={width} height={RIVER_HEIGHT} viewBox={`0 0 ${width} ${RIVER_HEIGHT}`} aria-hidden="true">
      {scale.gaps.map((gap) => (
        <g class="river-gap" key={gap.x}>
          <title>{gapText(gap)}</title>
          <path d={`M${(gap.x + gap.width / 2) * width - 4} ${RIVER_HEIGHT / 2}h.01m4 0h.01m4 0h.01`} />
        </g>
      ))}
      {scale.stretches.map(({ x, width: part }) => (
        <path key={x} class="river-bed" d={`M${x * width} ${RIVER_HEIGHT / 2}h${part * width}`} />
      ))}
      {currents.map(({ color, path }) => (
        <path key={color} class="current" data-color={color} d={path} />
      ))}
    </svg>
  );
}

function Playhead({ inspector }: { readonly inspector: Inspector }) {
  const x = inspector.scale.value?.xOf(inspector.moment.value) ?? 1;
  return (
    <>
      <div class="future" style={{ '--at': x }} />
      <div class="playhead" style={{ '--at': x }} data-live={inspector.position.value === 'live'} />
    </>
  );
}

function HoverLine({ inspector, x }: { readonly inspector: Inspector; readonly x: number | undefined }) {
  const scale = inspector.scale.value;
  if (x === undefined || scale === undefined) return null;
  const moment = scale.momentAt(x);
  const timeMs = scale.timeOf(Math.max(moment, 1));
  return (
    <div class="hover-line" style={{ '--at': x }}>
      <span class="hover-label">{timeMs === undefined ? countText(moment) : whenText(timeMs)}</span>
    </div>
  );
}

/** Versions are in the list of versions too, where the keyboard finds them; here they are marks. */
function VersionFlags({ inspector }: { readonly inspector: Inspector }) {
  const scale = inspector.scale.value;
  const versions = inspector.timeline.value?.versions ?? [];
  return (
    <div class="flags">
      {scale !== undefined &&
        versions.map(({ id, label, sequence }, index) => {
          const x = scale.xOf(sequence);
          const next = versions[index + 1];
          const room = (next === undefined ? 1 : scale.xOf(next.sequence)) - x;
          return (
            <button
              type="button"
              key={id}
              class="flag"
              data-side={x > 0.88 ? 'left' : 'right'}
              tabIndex={-1}
              title={label}
              style={{ '--at': x, '--room': room }}
              onClick={() => inspector.seek(sequence)}
            >
              <span class="flag-label">{label}</span>
            </button>
          );
        })}
    </div>
  );
}

function Ticks({ inspector, width }: { readonly inspector: Inspector; readonly width: number }) {
  const scale = inspector.scale.value;
  return (
    <div class="ticks" aria-hidden="true">
      {scale !== undefined &&
        ticksOf(scale, width).map(({ x, label }) => (
          <span key={x} class="tick" style={{ '--at': x }}>
            {label}
          </span>
        ))}
      <span class="tick tick-now">Live</span>
    </div>
  );
}
