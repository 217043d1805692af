import { enumerate } from '../model/text.ts';
import { quotedYaml } from './config-file.ts';

/**
 * The workflow that reconciles every hour. Nothing in it depends on more than the organizations: who gets what, the
 * config file says.
 * @param version of this package.
 */
export function renderWorkflowFile(orgs: readonly string[], version: string): string {
  const [org = ''] = orgs;
  return `# Keeps Permit in sync with ${enumerate(orgs)} on GitHub, every hour. gh-permit-sync.yaml says who gets what.
#
# Create these once, under Settings > Secrets and variables > Actions:
#   variable SYNC_APP_ID           the id of a GitHub App with "Organization > Members: read"
#   secret   SYNC_APP_PRIVATE_KEY  a private key of that App
#   secret   PERMIT_API_KEY        an API key of one Permit environment
# Install the App in ${enumerate(orgs)}.
# The workflow's own GITHUB_TOKEN can't read members, whatever its permissions are.
#
# GitHub delays schedules under load, and sometimes drops a run. The next run makes up for it: every run looks at
# everyone. Watch for runs that fail: exit code 3 is a refusal by a limit, 4 is partly done.
#
# GitHub disables this schedule after 60 days without activity in a public repository, and when the last person who
# changed its cron line leaves the organization. To start it again, enable the workflow on the Actions tab; in the second
# case, commit a change of the cron line. \`gh-permit-sync doctor\` with REDIS_URL shows how old the last full run is.
name: gh-permit-sync

on:
  schedule:
    # Not on the full hour, when most schedules want to start.
    - cron: "17 * * * *"
  workflow_dispatch:
    inputs:
      dry-run:
        description: Only show what would change
        type: boolean
        default: true

permissions: {}

# Two runs must not write at the same time, and one that writes must not be cut off.
concurrency:
  group: gh-permit-sync
  cancel-in-progress: false

jobs:
  reconcile:
    runs-on: ubuntu-latest
    # More than the 30 minutes after which a run ends by itself, with its report.
    timeout-minutes: 40
    # Of the workflow's own token, which is used to read this repository and for nothing else.
    permissions:
      contents: read
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
        with:
          persist-credentials: false
      - uses: actions/setup-node@820762786026740c76f36085b0efc47a31fe5020 # v7.0.0
        with:
          node-version: 24
${orgs.length === 1 ? tokenOf(org) : ''}      - name: Reconcile
        # Its outputs are status, changes and refused: steps.sync.outputs.status
        id: sync
        run: npx --yes "gh-permit-sync@${rangeOf(version)}" reconcile \${DRY_RUN:+--dry-run}
        env:
${orgs.length === 1 ? TOKEN : APP}
          PERMIT_API_KEY: \${{ secrets.PERMIT_API_KEY }}
          DRY_RUN: \${{ inputs.dry-run && 'yes' || '' }}
`;
}

/** Later releases that keep what this one promises. Before 1.0 a new minor version may break it. */
const rangeOf = (version: string): string =>
  version.startsWith('0.') ? `^${version}` : `${version.split('.')[0]}`;

const tokenOf = (org: string): string => `      # A token for an hour that can read members and nothing else.
      - uses: actions/create-github-app-token@1b10c78c7865c340bc4f6099eb2f838309f1e8c3 # v3.1.1
        id: app
        with:
          app-id: \${{ vars.SYNC_APP_ID }}
          private-key: \${{ secrets.SYNC_APP_PRIVATE_KEY }}
          owner: ${quotedYaml(org)}
          permission-members: read
`;
const TOKEN = `          GH_TOKEN: \${{ steps.app.outputs.token }}`;
const APP = `          # A token holds for one organization: the program makes one for each from the App's key.
          GITHUB_APP_ID: \${{ vars.SYNC_APP_ID }}
          GITHUB_APP_PRIVATE_KEY: \${{ secrets.SYNC_APP_PRIVATE_KEY }}`;
