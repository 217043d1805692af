import { enumerate } from '../model/text/text.ts';
import { quotedYaml } from './config-file.ts';

/** Where the workflow gets the program from. A tarball's `file` is its path in the repository. */
export type Install =
  | { readonly kind: 'npm' }
  | { readonly kind: 'clone' }
  | { readonly kind: 'tarball'; readonly file: string };

/** The repository variable that lets scheduled runs write. */
export const APPLY_VARIABLE = 'GH_PERMIT_SYNC_APPLY';

/**
 * The workflow that plans on pull requests, reconciles every hour, and keeps one issue open while runs fail.
 * @param version of this package.
 */
export function renderWorkflowFile(orgs: readonly string[], install: Install, version: string): string {
  const [org = ''] = orgs;
  return `# Keeps Permit in sync with ${enumerate(orgs)} on GitHub. gh-permit-sync.yaml says who gets what.
#
# Create these once, under Settings > Secrets and variables > Actions:
#   variable SYNC_APP_ID           ID or client ID of a GitHub App with "Organization > Members: read"
#   secret   SYNC_APP_PRIVATE_KEY  a private key of that App
#   secret   PERMIT_API_KEY        an API key of one Permit environment
# Install the App in ${enumerate(orgs)}.
# The workflow's own GITHUB_TOKEN can't read members, no matter what permissions it has.
#
# What it does:
#   pull request  plans what a changed config would do, and writes nothing
#   every hour    plans only, until the variable ${APPLY_VARIABLE} is true; then it writes to Permit
#   by hand       plans, or writes if you clear "dry-run" on the default branch
# While runs are refused by a limit (exit code 3), partly done (4) or failed (1), one issue is open in this repository.
#
# GitHub delays schedules under load, and sometimes drops a run. The next run compares everyone again.
#
# GitHub disables this schedule after 60 days without activity in a public repository, and when the last person who
# changed its cron line leaves the organization. To start it again, enable the workflow on the Actions tab; in the second
# case, commit a change to the cron line. With REDIS_URL, \`gh-permit-sync doctor\` shows the age of the last full run.
name: gh-permit-sync

on:
  schedule:
    # Not on the full hour, when most schedules start.
    - cron: "17 * * * *"
  workflow_dispatch:
    inputs:
      dry-run:
        description: Only show what would change
        type: boolean
        default: true
  pull_request:
    paths:
      - gh-permit-sync.yaml
      - .github/workflows/gh-permit-sync.yml

permissions: {}

# Two runs must not write at the same time, and a run that writes must not be cut off. Plans of pull requests don't wait.
concurrency:
  group: gh-permit-sync-\${{ github.event_name == 'pull_request' && github.ref || 'write' }}
  cancel-in-progress: \${{ github.event_name == 'pull_request' }}

jobs:
  reconcile:
    # Pull requests from forks and from Dependabot get no secrets, so that a plan could only fail.
    if: >-
      github.event_name != 'pull_request' ||
      (github.event.pull_request.head.repo.full_name == github.repository && github.actor != 'dependabot[bot]')
    runs-on: ubuntu-latest
    # Longer than the 30 minutes after which a run ends by itself and prints its report.
    timeout-minutes: 40
    # For the workflow's own token, which only reads this repository.
    permissions:
      contents: read
    outputs:
      status: \${{ steps.sync.outputs.status }}
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
        with:
          persist-credentials: false
      - uses: actions/setup-node@820762786026740c76f36085b0efc47a31fe5020 # v7.0.0
        with:
          node-version: 24
      - name: Install gh-permit-sync
        run: ${installCommand(install, version)}
${orgs.length === 1 ? tokenOf(org) : ''}      - name: Reconcile
        id: sync
        run: |
          if [ "$APPLY" = true ]; then
            gh-permit-sync reconcile
          else
            gh-permit-sync reconcile --dry-run
          fi
        env:
${orgs.length === 1 ? TOKEN : APP}
          PERMIT_API_KEY: \${{ secrets.PERMIT_API_KEY }}
          # true or false. False unless all conditions for writing are met.
          APPLY: >-
            \${{ (github.event_name == 'schedule' && vars.${APPLY_VARIABLE} == 'true') ||
            (github.event_name == 'workflow_dispatch' && !inputs.dry-run &&
            github.ref_name == github.event.repository.default_branch) }}

  # Opens one issue when a run fails, updates it while runs fail, and closes it when a run succeeds. The issue names no
  # people. Where issues are disabled, delete this job.
  report:
    needs: reconcile
    if: \${{ !cancelled() && github.event_name != 'pull_request' }}
    runs-on: ubuntu-latest
    timeout-minutes: 5
    permissions:
      issues: write
    steps:
      - name: Open, update or close the issue
        run: |
          issue=$(gh api "repos/$GH_REPO/issues?state=open&creator=github-actions%5Bbot%5D&per_page=100" \\
            --jq '[.[] | select(.title == env.TITLE)][0].number // empty')
          if [ "$RESULT" = success ]; then
            if [ -n "$issue" ]; then gh issue close "$issue" --comment "The latest run succeeded: $RUN_URL"; fi
            exit 0
          fi
          case "$STATUS" in
            refused) what="A limit refused the plan. Nothing was written." ;;
            partial) what="The run was partly done: someone or something was skipped or failed." ;;
            *) what="The run failed." ;;
          esac
          body=$(printf '%s\\n\\nThe report of the latest run says why and what to do: %s\\n\\n%s\\n' "$what" "$RUN_URL" \\
            "The next run that succeeds closes this issue.")
          if [ -n "$issue" ]; then
            gh issue edit "$issue" --body "$body"
          else
            gh issue create --title "$TITLE" --body "$body"
          fi
        env:
          GH_TOKEN: \${{ github.token }}
          GH_REPO: \${{ github.repository }}
          TITLE: The sync from GitHub to Permit needs attention
          RESULT: \${{ needs.reconcile.result }}
          STATUS: \${{ needs.reconcile.outputs.status }}
          RUN_URL: \${{ github.server_url }}/\${{ github.repository }}/actions/runs/\${{ github.run_id }}
`;
}

/** Puts `gh-permit-sync` on the PATH. The package needs no install script, and none runs. */
function installCommand(install: Install, version: string): string {
  switch (install.kind) {
    case 'npm':
      return `npm install --global --ignore-scripts gh-permit-sync@${version}`;
    case 'clone':
      return 'npm ci --ignore-scripts --no-audit --no-fund && npm run build && npm install --global --ignore-scripts .';
    case 'tarball':
      return `npm install --global --ignore-scripts ./${install.file}`;
    default:
      return install satisfies never;
  }
}

const tokenOf = (org: string): string => `      # A token for one hour that can read members and nothing else.
      - uses: actions/create-github-app-token@1b10c78c7865c340bc4f6099eb2f838309f1e8c3 # v3.1.1
        id: app
        with:
          # Takes the numeric App ID as well.
          client-id: \${{ vars.SYNC_APP_ID }}
          private-key: \${{ secrets.SYNC_APP_PRIVATE_KEY }}
          owner: ${quotedYaml(org)}
          permission-members: read
`;
const TOKEN = `          GH_TOKEN: \${{ steps.app.outputs.token }}`;
const APP = `          # A token is for one organization: the program makes one for each from the App's key.
          GITHUB_APP_ID: \${{ vars.SYNC_APP_ID }}
          GITHUB_APP_PRIVATE_KEY: \${{ secrets.SYNC_APP_PRIVATE_KEY }}`;
