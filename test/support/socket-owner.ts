/** Which process holds the local end of a TCP connection on loopback: as Linux's /proc tells. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const LOCAL_ADDRESS = 1;
const INODE = 9;

/** Whether `pid` holds a socket whose local port is `port`. */
export function holdsPort(pid: number, port: number): boolean {
  const inodes = inodesOfPort(port);
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).some((fd) => {
    const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`${folder}/${fd}`))?.[1];
    return inode !== undefined && inodes.has(inode);
  });
}

function inodesOfPort(port: number): Set<string> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const lines = readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1);
  const columns = lines.map((line) => line.trim().split(/\s+/));
  const found = columns.filter((line) => line[LOCAL_ADDRESS]?.endsWith(suffix));
  return new Set(found.map((line) => line[INODE]!));
}

/** A descriptor may close while we look. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
