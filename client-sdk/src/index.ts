/** The wire version this client speaks. */
export const CLIENT_PROTOCOL_VERSION = 1;
