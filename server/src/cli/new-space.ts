import { setFlagsFromString } from 'node:v8';

/** V8 multiplies its space for new objects by this when much of what is in it is still in use. */
export const NEW_SPACE_FLAG = '--semi-space-growth-factor=1';

/**
 * Keeps V8's space for new objects as small as it begins, 1 MiB twice. By itself it grows to 16 MiB twice in a crowd, whose frames live
 * for some milliseconds, and stays so for as long as the crowd does: a fifth of the memory of a busy instance, for nothing that
 * `npm run bench` can tell. Node has no option for it that a command can give itself (`--max-semi-space-size` is read before
 * any of our code).
 */
export function keepNewSpaceSmall(): void {
  setFlagsFromString(NEW_SPACE_FLAG);
}
