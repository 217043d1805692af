import type { Unread } from '../model/member.ts';
import type { Warning } from './run-report.ts';

/** A team or the collaborators that could not be read, with what to do: the grants that hang on them are frozen. */
export function unreadWarning({ what, message, changed }: Unread): Warning {
  if (changed) return { code: 'TEAM_CHANGED', message: `${message}; ${changed.hint}` };
  return { code: 'TEAM_UNREADABLE', message: `${message}; ${mendOf(what)}` };
}

function mendOf(what: Unread['what']): string {
  switch (what.kind) {
    case 'team':
      return (
        'the grants that hang on it are left as they are: if it was renamed or deleted, correct the rules; ' +
        'if it is there, the credential needs Organization › Members: read (a classic token: read:org, and a ' +
        'secret team shows itself only to its members and to owners)'
      );
    case 'collaborators':
      return (
        'the grants that hang on them are left as they are: the credential needs Organization › Members: read, ' +
        'or, as a classic token, to be of an owner'
      );
    default:
      return what satisfies never;
  }
}
