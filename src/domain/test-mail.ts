/** Before the subject of a test mail. */
export const TEST_MARK = '[TEST] ';

/** Test mails that one call may send. */
export const MAX_TEST_MAILS = 100;

/** TEST_OF where what is tested was never queued. */
export const OF_NOTHING_QUEUED = 0;

/** EMAIL_NORM of a test mail: its number in front, for one address may get several. No address begins so. */
export const testNorm = (seq: number, norm: string): string => `${seq} ${norm}`;

/** The address that an EMAIL_NORM is of, a test mail's too. */
export const addressNorm = (norm: string): string => norm.replace(/^\d+ /, '');
