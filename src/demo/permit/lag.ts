import type { PermitSwitches } from './ask.ts';
import { type PermitUser, Users } from './world.ts';

type Change = { readonly at: number; readonly key: string; readonly before: PermitUser | undefined };

/**
 * Watches the users from now on. @returns the users as they were before the lag; the very users where there is none.
 */
export function watchLag(users: Users, switches: PermitSwitches): () => Users {
  const changes: Change[] = [];
  users.onChange = (key, before) => {
    if (switches.lag.ms > 0) changes.push({ at: switches.now(), key, before });
  };
  return () => {
    const until = switches.now() - switches.lag.ms;
    while (changes[0] && changes[0].at <= until) changes.shift();
    if (changes.length === 0) return users;
    const lagging = new Users();
    for (const [key, user] of users) lagging.set(key, user);
    for (const { key, before } of changes.toReversed()) {
      if (before === undefined) lagging.delete(key);
      else lagging.set(key, before);
    }
    return lagging;
  };
}
