import { countText, dateText, timeText } from '../format.ts';
import { type Inspector, PACES, type PaceId } from '../inspector.ts';
import { BackIcon, ForwardIcon, PauseIcon, PlayIcon } from './icons.tsx';

/** Play, pause, step, speed, and back to the present. */
export function Transport({ inspector }: { readonly inspector: Inspector }) {
  const isPlaying = inspector.isPlaying.value;
  const isLive = inspector.position.value === 'live';
  return (
    <div class="transport" role="group" aria-label="Playback">
      <div class="buttons">
        <button
          type="button"
          class="icon-button"
          aria-label="Step back"
          title="Step back (←)"
          disabled={inspector.moment.value === 0}
          onClick={() => inspector.step(-1)}
        >
          <BackIcon />
        </button>
        <button
          type="button"
          class="play-button"
          aria-label={isPlaying ? 'Pause' : 'Play'}
          title={isPlaying ? 'Pause (space)' : 'Play (space)'}
          onClick={() => inspector.togglePlay()}
        >
          {isPlaying ? <PauseIcon /> : <PlayIcon />}
        </button>
        <button
          type="button"
          class="icon-button"
          aria-label="Step forward"
          title="Step forward (→)"
          disabled={isLive}
          onClick={() => inspector.step(1)}
        >
          <ForwardIcon />
        </button>
        <label class="speed">
          <span class="visually-hidden">Speed</span>
          <select
            value={inspector.paceId.value}
            onChange={({ currentTarget }) => {
              inspector.pace = currentTarget.value as PaceId;
            }}
          >
            {PACES.map(({ id, label }) => (
              <option key={id} value={id}>
                {label}
              </option>
            ))}
          </select>
        </label>
      </div>
      <Clock inspector={inspector} />
      <button
        type="button"
        class="live-button"
        aria-pressed={isLive}
        title="The document as it is now (L)"
        onClick={() => inspector.goLive()}
      >
        <span class="live-dot" data-connected={inspector.live.isConnected.value} />
        Live
      </button>
    </div>
  );
}

function Clock({ inspector }: { readonly inspector: Inspector }) {
  const moment = inspector.moment.value;
  const timeMs = inspector.facts.value?.timeMs ?? inspector.scale.value?.timeOf(moment);
  return (
    <p class="clock">
      {timeMs !== undefined && (
        <>
          <span class="clock-time">{timeText(timeMs)}</span>
          <span class="clock-date">{dateText(timeMs)}</span>
        </>
      )}
      <span class="clock-moment">
        {countText(moment)} <span class="of">/ {countText(inspector.lastMoment.value)}</span>
      </span>
    </p>
  );
}
