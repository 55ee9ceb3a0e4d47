import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface ProfileNode {
  id: number;
  callFrame: { functionName: string; url: string; lineNumber: number };
  children?: number[];
}

interface CpuProfile {
  nodes: ProfileNode[];
  samples: number[];
  timeDeltas: number[];
}

/** What a frame works for; the first that fits decides. */
const ROOMS: [string, RegExp][] = [
  ['composing', /dist\/message\/|liquidjs|dist\/domain\/message-id/],
  ['SMTP', /dist\/smtp\/|nodemailer/],
  ['database', /dist\/store\/|mysql2|sql-escaper|sqlstring|iconv-lite/],
  ['scheduler', /dist\/(scheduler|domain|view)\/|pino/],
];

const SHOWN_FUNCTIONS = 15;

/**
 * Sums up the profiles of a directory: what each part of the scheduler takes, a message, and the functions that take
 * the most themselves. What Node does itself counts for the part that asked for it.
 */
export function readProfiles(directory: string, messages: number): string[] {
  const rooms = new Map<string, number>();
  const functions = new Map<string, number>();
  const files = readdirSync(directory).filter((file) => file.endsWith('.cpuprofile'));
  for (const file of files) {
    sumUp(JSON.parse(readFileSync(join(directory, file), 'utf8')) as CpuProfile, rooms, functions);
  }
  const each = messages * files.length;
  const lines = (totals: Map<string, number>, count: number): string[] =>
    [...totals]
      .sort(([, a], [, b]) => b - a)
      .slice(0, count)
      .map(([name, micros]) => `  ${(micros / each).toFixed(1).padStart(6)} µs/message  ${name}`);
  return [
    `profile of the scheduler (${files.length} runs, in ${directory}):`,
    ...lines(rooms, rooms.size),
    'functions, by their own time:',
    ...lines(functions, SHOWN_FUNCTIONS),
  ];
}

function sumUp(
  { nodes, samples, timeDeltas }: CpuProfile,
  rooms: Map<string, number>,
  functions: Map<string, number>,
): void {
  const parents = new Map<number, ProfileNode>();
  const byId = new Map(nodes.map((node) => [node.id, node]));
  for (const node of nodes) for (const child of node.children ?? []) parents.set(child, node);
  const roomOf = (node: ProfileNode): string => {
    const { functionName, url } = node.callFrame;
    if (functionName === '(idle)' || functionName === '(garbage collector)') return functionName;
    for (let at: ProfileNode | undefined = node; at; at = parents.get(at.id)) {
      const room = ROOMS.find(([, pattern]) => pattern.test(at?.callFrame.url ?? ''));
      if (room) return room[0];
    }
    return functionName === '(program)'
      ? 'kernel and what V8 cannot name'
      : `Node itself${url ? '' : ' (native)'}`;
  };
  const add = (totals: Map<string, number>, name: string, micros: number): void => {
    totals.set(name, (totals.get(name) ?? 0) + micros);
  };
  for (const [i, id] of samples.entries()) {
    const node = byId.get(id);
    const micros = timeDeltas[i] ?? 0;
    if (!node) continue;
    add(rooms, roomOf(node), micros);
    const { functionName, url, lineNumber } = node.callFrame;
    if (functionName !== '(idle)') {
      add(
        functions,
        `${functionName || '(anonymous)'} ${url.replace(/^.*\/(dist|node_modules)\//, '')}:${lineNumber + 1}`,
        micros,
      );
    }
  }
}
