import { readFileSync, readlinkSync } from 'node:fs';

/** Where a pid is what: the kernel from its start to its end, and the pid namespace on it. Null where it cannot be known. */
export interface Boot {
  bootId: string | null;
  pidNamespace: string | null;
}

const orNull = (read: () => string): string | null => {
  try {
    return read();
  } catch {
    return null;
  }
};

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Of this process, on Linux (random(4), pid_namespaces(7)). */
export function readBoot(): Boot {
  const bootId = orNull(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim());
  return {
    bootId: bootId !== null && UUID.test(bootId) ? bootId : null,
    pidNamespace: orNull(() => readlinkSync('/proc/self/ns/pid').slice(0, 32)),
  };
}
