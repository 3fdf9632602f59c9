import { lchown, lstat, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * What root made in somebody's project belongs to the project's owner: otherwise one `sudo docker rewind …` would lock
 * them out of their own history. Does nothing for anybody but root. What is not root's stays as it is.
 */
export async function giveToOwner(stateDirectory: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const owner = await lstat(dirname(stateDirectory)).catch(() => undefined);
  if (owner === undefined || owner.uid === 0) return;
  await give(stateDirectory, owner.uid, owner.gid);
}

async function give(path: string, uid: number, gid: number): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (found.uid === 0) await lchown(path, uid, gid).catch(() => {});
  if (!found.isDirectory()) return;
  const names = await readdir(path).catch(() => []);
  await Promise.all(names.map((name) => give(join(path, name), uid, gid)));
}
