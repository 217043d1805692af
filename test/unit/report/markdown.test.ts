import { describe, expect, test } from 'vitest';
import { renderMarkdown } from '../../../src/report/markdown.ts';
import { HOSTILE, INVISIBLE } from './hostile.ts';
import { FAILED, hostileReport, PARTIAL, people, person, plan, REFUSED, report } from './reports.ts';

/** The markdown without its code, in which nothing takes effect; `\|` is a pipe in a cell, not a border. */
const withoutCode = (markdown: string): string =>
  markdown.replaceAll('\\|', '¦').replace(/(?<!`)(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)/g, '·');

test('a partly applied run', () => {
  expect(renderMarkdown(PARTIAL)).toBe(`\
## gh-permit-sync: ⚠️ partly done

**Partly applied:** 2 users created, 2 deleted, 2 roles assigned, 1 unassigned; 1 change failed, 1 change skipped, \
1 person left as they are.

\`acme\` · 412 members, 6 requests to GitHub and 4 to Permit, 1 min 4 s

| | to add | to change | to remove |
| --- | ---: | ---: | ---: |
| Users | 2 | 0 | 2 |
| Role assignments | 3 |  | 2 |

410 managed users, 2 unmanaged grants, 1 joining, 1 leaving, 1 demoted, 1 moved

### Changes

| Person | Change | Grant | Reason | Outcome |
| --- | --- | --- | --- | --- |
| \`hubot\` | + assign | \`member\` in \`default\` | \`github:acme:role:member\` | ❌ failed: \`PERMIT_REFUSED\` \
Permit answered 422 |
| \`hubot\` | - unassign | \`admin\` in \`default\` | \`github:*:role:admin\` no longer holds | \
skipped: the role that replaces it could not be assigned |
| \`mona\` | - delete user |  | no longer in acme | applied |
| \`monalisa\` | + create user |  | renamed from lisa | applied |
| \`monalisa\` | + assign | \`member\` in \`default\` | renamed from lisa | applied |
| \`lisa\` | - unassign | \`member\` in \`default\` | renamed to monalisa | applied |
| \`lisa\` | - delete user |  | renamed to monalisa | applied |
| \`octocat\` \`github\\|583231\` | + create user |  | \`github:acme:role:member\` | applied |
| \`octocat\` \`github\\|583231\` | + assign | \`owner\` on \`repository:payments-api\` in \`default\` | \
\`github:acme:team:#4242:maintainer\` | applied |

### Warnings

| Code | Message |
| --- | --- |
| \`TEAM_UNREADABLE\` | the team \`acme/platform\` could not be read |
| \`KEY_TAKEN\` | the user kees is not ours |
| \`KEPT_UNCONFIRMED\` | ann: kept as they are |

<details>
<summary>Left alone: 2 unmanaged grants</summary>

| User | Grant | Line under <code>manages</code> that would govern it |
| --- | --- | --- |
| \`svc-ci\` | \`admin\` in \`default\` |  |
| \`hubot\` | \`audit\` in \`prod\` | \`prod/audit\` |

</details>
`);
});

test('a refusal shows each limit with its override', () => {
  expect(renderMarkdown(REFUSED)).toContain(`\
### Limits crossed, nothing was written

| Limit | Raise it for one run |
| --- | --- |
| removals: 2 planned, 1 allowed | \`--allow-removals 2\` |
| floors: 0 holders would be left, at least 1 needed | \`--allow-floor default/admin=0\` |
`);
});

test('an error shows its message and hint as they are', () => {
  expect(renderMarkdown(FAILED)).toBe(`\
## gh-permit-sync: ❌ error

**Error:** Permit lacks 2 roles (\`PERMIT_MISSING_ROLE\`); nothing was written.

\`acme\` · 6 requests to GitHub and 4 to Permit, 431 ms

### Error \`PERMIT_MISSING_ROLE\`

\`\`\`
Permit lacks 2 roles:
  deployer
  insider

create them with
  gh-permit-sync policy
\`\`\`
`);
});

test.each([
  ['in-sync', report([]), '✅ in sync'],
  ['pending', report(people(1), { dryRun: true, status: 'pending' }), '📝 changes pending'],
  ['applied', report(people(1)), '✅ applied'],
  ['refused', REFUSED, '⛔ refused'],
])('the title says %s', (_, given, title) => {
  expect(renderMarkdown(given).split('\n')[0]).toBe(`## gh-permit-sync: ${title}`);
});

describe('a large report stays within what GitHub takes', () => {
  test('500 rows of changes at most', () => {
    const markdown = renderMarkdown(report(people(5_000)));
    expect(markdown.match(/^\| `user-/gm)).toHaveLength(500);
    expect(markdown).toContain('… and 9,500 more; `--output json` has them all.');
    expect(markdown.length).toBeLessThan(60_000);
  });
  test('fewer where they are long', () => {
    const reason = 'github:acme:team:platform:member, '.repeat(50);
    const long = people(500, (login) => person(login, 'joining', [{ kind: 'createUser', mark: {}, reason }]));
    const markdown = renderMarkdown(report(long));
    expect(markdown.length).toBeLessThanOrEqual(60_000);
    expect(markdown.length).toBeGreaterThan(58_000);
    const shown = markdown.match(/^\| `user-/gm)?.length ?? 0;
    expect(markdown).toContain(`… and ${500 - shown} more`);
  });
  test.each(['`', '` ', '|', '\\|', '@', '😀', 'x'])('nothing but %j, everywhere and long', (text) => {
    const one = hostileReport(text.repeat(3_000));
    const times = <T>(list: readonly T[]): readonly T[] => Array.from({ length: 500 }, () => list).flat();
    const { people: [somebody] = [], ...rest } = one.plan ?? plan([]);
    const big = report([], {
      ...one,
      orgs: times(one.orgs),
      warnings: times(one.warnings).map((warning, index) => ({
        ...warning,
        message: index + warning.message,
      })),
      verdict: { verdict: 'refused', violations: times(one.verdict.violations) },
      plan: {
        ...rest,
        people: times(somebody === undefined ? [] : [somebody]),
        unmanaged: times(rest.unmanaged),
      },
      results: [],
    });
    const markdown = renderMarkdown(big);
    expect(markdown.length).toBeLessThanOrEqual(60_000);
    expect(markdown).toContain('### Changes');
    expect(Buffer.from(markdown).toString()).toBe(markdown);
  });
});

describe('text from outside', () => {
  test.each(HOSTILE)('%j takes no effect', (text) => {
    const markdown = renderMarkdown(hostileReport(text));
    expect(markdown).not.toMatch(INVISIBLE);
    expect(markdown).not.toContain('##[');
    const bare = withoutCode(markdown)
      .replace(/^<details>\n<summary>|<\/summary>|<\/?code>|^<\/details>$/gm, '')
      .replace(/^#{2,3} /gm, '');
    expect(bare).not.toMatch(/[`<>@#\\[\]]|https?:|www\.|&#|::/);
  });
  test.each(HOSTILE)('%j adds no line and no cell', (text) => {
    const cells = (markdown: string): readonly number[] =>
      withoutCode(markdown)
        .split('\n')
        .map((line) => line.split('|').length);
    expect(cells(renderMarkdown(hostileReport(text)))).toEqual(cells(renderMarkdown(hostileReport('x'))));
  });
});

test('equal reports give equal bytes', () => {
  expect(renderMarkdown(structuredClone(PARTIAL))).toBe(renderMarkdown(PARTIAL));
});
