/** What this package calls itself in the server's log. */
export const CLIENT_NAME = 'headwater-client/0.1.0';
