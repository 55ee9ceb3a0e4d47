import type { Socket } from 'node:net';
import { isPositive } from './classify.js';
import type { Reader } from './reader.js';

/** What the server still owes, or is owed, after a transaction that was refused. */
export type Leftover =
  | 'nothing'
  /** RSET, so that the refused transaction does not run into the next. */
  | 'reset'
  /** The reply to a DATA that was sent along with the refused RCPT, then RSET. */
  | 'data-reply'
  /** The replies to RCPT and DATA that were sent along with the refused MAIL, then RSET. */
  | 'rcpt-and-data-replies';

export interface RecoveryTimeouts {
  /** For the reply to MAIL, RCPT and RSET. */
  command: number;
  /** For the reply to DATA. */
  data: number;
  /** For the reply to the final dot. */
  dot: number;
}

/**
 * Brings both sides in step again after a refused transaction.
 * @returns false when they are not, and the connection must be closed
 */
export async function recover(
  leftover: Exclude<Leftover, 'nothing'>,
  socket: Socket,
  reader: Reader,
  timeouts: RecoveryTimeouts,
): Promise<boolean> {
  if (leftover === 'rcpt-and-data-replies' && 'lost' in (await reader.read(timeouts.command))) {
    return false;
  }
  if (leftover !== 'reset') {
    const dataReply = await reader.read(timeouts.data);
    if ('lost' in dataReply || dataReply.code === 421) return false;
    if (dataReply.code === 354) {
      // After a refused RCPT there is nobody the empty message could go to; after a refused MAIL nothing is sure.
      if (leftover === 'rcpt-and-data-replies') return false;
      socket.write('.\r\n');
      const dotReply = await reader.read(timeouts.dot);
      if ('lost' in dotReply || dotReply.code === 421) return false;
    }
  }
  socket.write('RSET\r\n');
  const reset = await reader.read(timeouts.command);
  return !('lost' in reset) && isPositive(reset) && reader.isQuiet;
}
