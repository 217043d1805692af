/** Opens each organization's client once: a GitHub App looks up an installation, and asks for a token, in each. */
export function openOnce<C>(open: (org: string) => Promise<C>): (org: string) => Promise<C> {
  const clients = new Map<string, Promise<C>>();
  return (org) => {
    const client = clients.get(org) ?? open(org);
    clients.set(org, client);
    return client;
  };
}
