/**
 * `idle`: nobody wants it; `connecting`: a socket is being opened, or the server has not said who it is; `open`; `waiting`: for the next
 * attempt; `stopped`: trying again does not help.
 */
export type ConnectionState = 'idle' | 'connecting' | 'open' | 'waiting' | 'stopped';

/**
 * `wanted`: somebody uses it, or asks it to try once more; `unwanted`: nobody does; `greeted`: the server said Hello; `lost`; `due`: the wait is over;
 * `refused`: for good.
 */
export type ConnectionEvent = 'wanted' | 'unwanted' | 'greeted' | 'lost' | 'due' | 'refused';

/** What becomes of a connection: all there is to know about it. */
export const CONNECTION_STATES: Record<ConnectionState, Record<ConnectionEvent, ConnectionState>> = {
  idle: {
    wanted: 'connecting',
    unwanted: 'idle',
    greeted: 'idle',
    lost: 'idle',
    due: 'idle',
    refused: 'idle',
  },
  connecting: {
    wanted: 'connecting',
    unwanted: 'idle',
    greeted: 'open',
    lost: 'waiting',
    due: 'connecting',
    refused: 'stopped',
  },
  open: {
    wanted: 'open',
    unwanted: 'idle',
    greeted: 'open',
    lost: 'waiting',
    due: 'open',
    refused: 'stopped',
  },
  waiting: {
    wanted: 'waiting',
    unwanted: 'idle',
    greeted: 'waiting',
    lost: 'waiting',
    due: 'connecting',
    refused: 'stopped',
  },
  stopped: {
    wanted: 'connecting',
    unwanted: 'idle',
    greeted: 'stopped',
    lost: 'stopped',
    due: 'stopped',
    refused: 'stopped',
  },
};
