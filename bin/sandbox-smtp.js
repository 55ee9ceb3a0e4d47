/** The sandbox's SMTP server as a process of its own, which `campaign sandbox start` forks: `MAILDIR PORT`. */
import { runCaptureProcess } from '../dist/sandbox/capture-process.js';

runCaptureProcess(process.argv.slice(2));
