import { lstatSync, readFileSync } from 'node:fs';
import { lchown, lstat, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * What root made in somebody's project belongs to the project's owner: otherwise one `sudo docker rewind …` would lock
 * them out of their own history. `path` and what is in it goes to whom the directory belongs that it lies in. Does nothing
 * for anybody but root. What is not root's stays as it is.
 */
export async function giveToOwner(path: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const owner = await lstat(dirname(path)).catch(() => undefined);
  if (owner === undefined || owner.uid === 0) return;
  await give(path, owner.uid, owner.gid);
}

async function give(path: string, uid: number, gid: number): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (found.uid === 0) await lchown(path, uid, gid).catch(() => {});
  if (!found.isDirectory()) return;
  const names = await readdir(path).catch(() => []);
  await Promise.all(names.map((name) => give(join(path, name), uid, gid)));
}

/**
 * Whose a path is that we may not use, or the nearest directory above it that we may look at, as a hint what to do:
 * `/srv/shop/.rewind belongs to root: run as root`. Undefined where it is our own.
 */
export function whose(path: string): string | undefined {
  const uid = uidOf(path);
  if (uid === undefined) return path === dirname(path) ? undefined : whose(dirname(path));
  if (uid === process.getuid?.()) return undefined;
  const name = nameOf(uid);
  return `${path} belongs to ${name}: run as ${name}`;
}

function uidOf(path: string): number | undefined {
  try {
    return lstatSync(path).uid;
  } catch {
    return undefined;
  }
}

/** The name of a user that this host knows; the number of another one. */
function nameOf(uid: number): string {
  try {
    const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
    const [name] = lines.find((line) => line.split(':')[2] === String(uid))?.split(':') ?? [];
    if (name) return name;
  } catch {
    // No such file on this system.
  }
  return uid === 0 ? 'root' : `user ${uid}`;
}
