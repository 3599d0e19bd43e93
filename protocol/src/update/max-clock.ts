/**
 * The last clock an update may reach. Varints hold 2^53 - 1, but Yjs keeps what waits in its v2 encoding, which doubles clock
 * differences: past 2^52 a pending struct turns into bytes that throw when they are read back, in every later `applyUpdate`.
 * At a million edits a second a client gets here after 35 years.
 */
export const MAX_CLOCK = 2 ** 50;
