import { defineCommand } from '../command.ts';
import { commonFlags, hookPath } from '../flags.ts';

export const doctor = defineCommand({
  name: 'doctor',
  summary: 'find out what is not set up yet',
  description: 'Check settings, credentials, visibility, roles, tenants, the PDP, Redis and webhooks.',
  flags: {
    path: hookPath,
    ...commonFlags,
    timeout: { ...commonFlags.timeout, description: 'overall time limit, e.g. 90s or 5m (default: 1m)' },
  },
  about: ['Each line is ok, skipped, warning or failed, and says how to fix it. Nothing is ever written.'],
  examples: [
    'gh-permit-sync doctor --org acme',
    `gh-permit-sync doctor -o json | jq '.checks[] | select(.status != "ok")'`,
  ],
  exitCodes: '0 ok or warnings, 1 something is broken.',
  settings: async (input) => (await import('../runs/doctor-settings.ts')).loadKnownSettings(input),
  run: async ({ settings, terminal, progress, counter, ports, facts }, options) => {
    const { examine } = await import('../../doctor/examine.ts');
    const { worst } = await import('../../model/finding.ts');
    const { probesOf } = await import('../runs/doctor-probes.ts');
    const { askForInstalledOrgs } = await import('../runs/doctor-settings.ts');
    progress.show('Asking GitHub, Permit, the PDP and Redis');
    const known = await askForInstalledOrgs(settings, ports);
    const probes = probesOf(known, options, { ...ports, env: terminal.env, observer: counter });
    const findings = [...known.findings, ...(await examine(probes, ports.stop.signal))];
    const status = worst(findings);
    const report = { status, orgs: known.settings?.orgs ?? [], findings, ...facts() };
    const { doctorPage } = await import('../../report/pages/doctor.ts');
    return { exitCode: status === 'failed' ? 1 : 0, page: doctorPage(report) };
  },
});
