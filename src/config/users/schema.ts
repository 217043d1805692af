import * as z from 'zod/mini';
import { KEY_PLACEHOLDER, KEY_PLACEHOLDERS } from '../../model/corporate-identity.ts';
import { USER_KEY_PATTERN } from '../../model/identity.ts';
import { matching, noted, optional, text } from '../document/noted-schema.ts';
import { DEFAULT_USER_KEY, userKeyProblem } from '../keys.ts';
import { ADOPTIONS } from '../settings.ts';

/** For editors: without the group that the program reads. */
const PLACEHOLDER = KEY_PLACEHOLDER.source.replace('(', '(?:');

/** The section `users` of the config file. */
export const users = z.strictObject({
  key: optional(
    text(
      userKeyProblem,
      `^(?=.*${PLACEHOLDER})(?:${USER_KEY_PATTERN.source.replace(/^\^|\+\$$/g, '')}|${PLACEHOLDER})+$`,
      `${KEY_PLACEHOLDERS.map((name) => `{${name}}`).join(', ')}, and around it letters, digits and | @ + - . _`,
    ),
    {
      description:
        'Template of the user key: it contains {id}, {login}, {map} (see users.map) or an identity: {saml.nameId}, {saml.email}, {scim.userName}, or {email} for the one email of a verified domain. A key with only {id} survives a changed login. Changing the template moves everyone to a new key.',
      default: DEFAULT_USER_KEY,
      examples: ['github|{id}', '{login}', '{id}', '{login}@github', '{saml.nameId}'],
      variable: 'PERMIT_USER_KEY',
      flag: '--user-key',
    },
  ),
  map: optional(matching(/\S/, 'the path of a CSV file'), {
    description:
      'CSV file for {map} in users.key, relative to the config file. Its header is github,key. github is a login or a numeric id; all digits mean an id.',
    examples: ['people.csv'],
  }),
  profile: optional(
    z.array(noted(z.enum(['email', 'name']), { description: 'What to fill: email or name.' })),
    {
      description:
        "Which fields of a Permit user's profile to fill: email fills email, name fills first_name and last_name. The values come from the SAML or SCIM identity, else from GitHub: the one email of a verified domain, and the full GitHub name as first_name. For adopted users, only empty fields are filled.",
      default: [],
      examples: [['email', 'name']],
    },
  ),
  onLeave: optional(z.enum(['delete', 'unassign']), {
    description:
      'What happens to users who have no grants left: delete removes the user, unassign keeps it and removes its grants.',
    default: 'delete',
  }),
  adopt: optional(z.enum(ADOPTIONS), {
    description:
      "Existing users with a member's key that this tool does not manage yet: none leaves them alone, plain adopts those who hold nothing beyond the managed grants, all adopts all of them.",
    default: 'none',
    flag: '--adopt',
  }),
  protect: optional(
    z.array(
      noted(
        matching(/^[A-Za-z0-9|@+\-._*]+$/, 'letters, digits, | @ + - . _ and * for any run of characters'),
        {
          description: 'A user key; * matches any run of characters.',
        },
      ),
    ),
    { description: 'Patterns of user keys that are never written.', default: [], examples: [['svc-*']] },
  ),
});
