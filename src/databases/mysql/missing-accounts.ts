import { named, type Account } from './accounts.ts';

/**
 * The accounts that a restore of these databases makes again: those that are missing and have rights on one of them, with
 * the roles that they hold. An account that is there stays as it is (its password may be newer), and one that has nothing
 * to do with the databases may be gone on purpose.
 */
export function missingAccounts(
  stored: readonly Account[],
  present: readonly Pick<Account, 'user' | 'host' | 'role'>[],
  databases: readonly string[],
): Account[] {
  const key = (account: Pick<Account, 'user' | 'host' | 'role'>): string => named(account);
  const there = new Set(present.map(key));
  const patterns = databases.flatMap((name) => [name, name.replace(/[_%]/g, '\\$&')]);
  const concerns = (grant: string): boolean =>
    patterns.some((name) => grant.includes(` \`${name.replaceAll('`', '``')}\`.`));
  const rolesOf = (account: Account): Account[] => {
    const held = new Set(account.grants.flatMap(grantedRoles));
    return stored.filter((each) => held.has(key(each)));
  };
  const entitled = (account: Account, seen: readonly Account[] = []): boolean =>
    account.grants.some(concerns) ||
    rolesOf(account).some((role) => !seen.includes(role) && entitled(role, [...seen, role]));
  const wanted = new Set<Account>();
  const add = (account: Account): void => {
    if (wanted.has(account)) return;
    wanted.add(account);
    rolesOf(account).forEach(add);
  };
  stored.filter((account) => !there.has(key(account)) && entitled(account)).forEach(add);
  return stored.filter((account) => wanted.has(account) && !there.has(key(account)));
}

/** The roles that a grant gives: MySQL may name several in one, each with a host. */
function grantedRoles(grant: string): string[] {
  const name = "(?:`(?:[^`]|``)*`|'(?:[^']|'')*')";
  const list =
    new RegExp(`^GRANT (${name}(?:@${name})?(?:, ?${name}(?:@${name})?)*) TO `).exec(grant)?.[1] ?? '';
  const plain = (part: string): string =>
    part.slice(1, -1).replaceAll(part.charAt(0).repeat(2), part.charAt(0));
  return [...list.matchAll(new RegExp(`(${name})(?:@(${name}))?`, 'g'))].map(([, user = '', host]) =>
    named({ user: plain(user), host: plain(host ?? ''), role: host === undefined }),
  );
}
