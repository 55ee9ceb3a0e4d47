/** What a worker leaves for others on its host to see whether it lives; null where it could leave nothing. */
export interface LifeSign {
  /** Of the kernel it runs on, from its start to its end. */
  bootId: string | null;
  /** In which its pid counts. */
  pidNamespace: string | null;
  /** A Unix socket on which it listens for as long as it lives. */
  socket: string | null;
  /** The socket's inode number. */
  socketInode: string | null;
}

/** A worker as CAMPAIGN_WORKERS has it. */
export interface KnownWorker {
  worker: string;
  pid: number;
  life: LifeSign;
}

export const NO_LIFE_SIGN: LifeSign = {
  bootId: null,
  pidNamespace: null,
  socket: null,
  socketInode: null,
};

/** A running scheduler, for CAMPAIGN_WORKERS and CLAIMED_BY. */
export interface WorkerIdentity {
  /** `host:pid:random`, unique per process. */
  worker: string;
  host: string;
  pid: number;
  life: LifeSign;
}

/** Why a worker sends nothing at the moment, and for how long. */
export interface BackingOff {
  ms: number;
  reason: string;
}
