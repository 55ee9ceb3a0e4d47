import type { MessageFile } from '../domain/message-file.js';
import { Base64Lines } from '../message/base64.js';
import { readContent } from '../store/files/contents.js';
import type { Database } from '../store/mysql/database.js';
import { explained } from '../store/mysql/errors.js';

/**
 * Reads what a file of a message holds, as it is sent: base64, in lines that end in CRLF.
 * @throws Error when it is not there any more, CampaignError DATABASE_UNREACHABLE when the database cannot give it now
 */
export const fileLoader = (database: Database): ((file: MessageFile) => Promise<Buffer>) =>
  explained(database, async (file: MessageFile) => {
    const lines = new Base64Lines(file.bytes);
    if (await readContent(database, file, (chunk) => lines.add(chunk))) return lines.end();
    throw new Error(`what the file ${file.name} holds is not in the database any more`);
  });
