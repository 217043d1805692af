/** A process that runs for years gets a new token each hour; the old ones open nothing any more. */
const MOST_CREDENTIALS = 50;

export type NewestCredentials = {
  readonly add: (credential: string) => void;
  readonly all: () => readonly string[];
};

/** The credentials that were sent last. @param onNew called for each that was not among them. */
export function newestCredentials(onNew: (credential: string) => void): NewestCredentials {
  const known = new Set<string>();
  return {
    add: (credential) => {
      if (known.has(credential)) return;
      const [oldest = ''] = known;
      if (known.size >= MOST_CREDENTIALS) known.delete(oldest);
      known.add(credential);
      onNew(credential);
    },
    all: () => [...known],
  };
}
