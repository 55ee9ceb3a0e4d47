const LOOPBACK = /^127(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/;

/** Whether a host is this machine by its very name; no other name is looked up. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || LOOPBACK.test(host);

/** Names an option that is not known; an unencoded `?` in a password would make the rest of that one. */
export const unknownOption = (name: string): string =>
  /^[a-z.-]+$/i.test(name)
    ? `has an unknown option "${name}"`
    : 'has a "?" that begins no options; in a user or password write it as %3F';
