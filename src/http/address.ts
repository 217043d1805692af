/** Whether a redirect stays where the credentials were meant to go. */
export function sameOrigin(from: string, to: string): boolean {
  try {
    return new URL(to, from).origin === new URL(from).origin;
  } catch {
    return false;
  }
}
