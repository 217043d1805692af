import { examine, type Probe } from '../doctor/examine.ts';
import { examineGitHub } from '../doctor/github.ts';
import { assignableGrants, findEscapes } from '../doctor/mapping.ts';
import { examinePdp, examinePermit } from '../doctor/permit.ts';
import { examineRedis } from '../doctor/redis.ts';
import { askRedis } from '../doctor/redis-probe.ts';
import { judgeHooks, judgeSecret } from '../doctor/webhook.ts';
import { SyncError } from '../model/errors.ts';
import { type Finding, worst } from '../model/finding.ts';
import type { RetryPolicy } from '../net/retry.ts';
import { type Stop, startStop } from '../net/stop.ts';
import type { Wire } from '../net/wire.ts';
import { renderDoctorJson } from '../report/doctor-json.ts';
import { renderDoctorMarkdown } from '../report/doctor-markdown.ts';
import type { DoctorReport } from '../report/doctor-report.ts';
import { renderDoctorText } from '../report/doctor-text.ts';
import { renderErrorJson } from '../report/error-json.ts';
import { visibilityHint } from '../source/explain-failure.ts';
import { createGitHubClients } from '../source/github-client.ts';
import { createInspector } from '../source/inspect-org.ts';
import { readEnvironment } from '../target/permit-environment.ts';
import { openPdp } from '../target/permit-pdp.ts';
import { createPermitReader } from '../target/permit-reader.ts';
import { openPermit } from '../target/permit-sdk.ts';
import { VERSION } from '../version.ts';
import type { DoctorOptions } from './doctor-options.ts';
import { type KnownSettings, loadKnownSettings } from './doctor-settings.ts';
import { inGitHubActions } from './github-actions.ts';
import { openLog } from './log.ts';
import { logOptions } from './options.ts';
import { openProgress } from './progress.ts';
import { countingWire } from './services.ts';
import { type Terminal, wantsColor } from './terminal.ts';

/** Somebody waits: what fails twice is told. */
const RETRY: RetryPolicy = { retries: 2, firstWaitMs: 300, longestWaitMs: 2_000 };

/** @returns 1 when something is broken, 0 otherwise. Nothing is ever written. */
export async function doctorCommand(options: DoctorOptions, terminal: Terminal): Promise<0 | 1> {
  const log = openLog(terminal, logOptions(options));
  const progress = await openProgress(terminal, options.quiet === true);
  try {
    const began = performance.now();
    const known = loadKnownSettings({ flags: options, env: terminal.env, cwd: process.cwd() });
    terminal.conceal(known.secrets);
    progress.show('Asking GitHub, Permit, the PDP and Redis');
    const wire = countingWire(log);
    const found = await examineAll(known, options, terminal, wire);
    progress.done();
    const findings = [...known.findings, ...found];
    terminal.out(
      render(
        {
          status: worst(findings),
          orgs: known.settings?.orgs ?? [],
          findings,
          requests: { ...wire.requests },
          durationMs: Math.round(performance.now() - began),
        },
        options,
        terminal,
      ),
    );
    return worst(findings) === 'failed' ? 1 : 0;
  } catch (error) {
    progress.done();
    // Only a flag can be wrong by now, or the program itself.
    if (!(error instanceof SyncError)) throw error;
    log.error(error);
    if (options.output === 'json') terminal.out(renderErrorJson('doctor', error));
    return 1;
  }
}

async function examineAll(
  known: KnownSettings,
  options: DoctorOptions,
  terminal: Terminal,
  wire: Wire,
): Promise<readonly Finding[]> {
  const control = startStop(known.timeoutMs);
  const { stop } = control;
  try {
    const probes = [
      ...mappingProbes(known),
      ...gitHubProbes(known, options, terminal, stop, wire),
      webhookSecretProbe(terminal),
      ...permitProbes(known, stop, wire),
      redisProbe(terminal, stop),
    ];
    return await examine(probes, stop.signal);
  } finally {
    control.dispose();
  }
}

function mappingProbes({ statements }: KnownSettings): readonly Probe[] {
  if (statements === undefined) return [];
  return [
    {
      id: 'mapping.escape',
      area: 'mapping',
      subject: 'the mapping',
      look: async () => findEscapes(statements),
    },
  ];
}

function gitHubProbes(
  { settings, gitHub }: KnownSettings,
  { path }: DoctorOptions,
  { env }: Terminal,
  stop: Stop,
  wire: Wire,
): readonly Probe[] {
  if (settings === undefined || gitHub === undefined) return [];
  const kind = { kind: gitHub.kind, inActions: inGitHubActions(env) };
  const inspector = createInspector(
    createGitHubClients({
      apiUrl: settings.github.apiUrl,
      credentials: gitHub,
      userAgent: `gh-permit-sync/${VERSION}`,
      stop,
      wire,
      retry: RETRY,
    }),
    kind,
  );
  const expected = Boolean(env.GITHUB_WEBHOOK_SECRET?.trim());
  return [
    {
      id: 'github.credential',
      area: 'github',
      subject: 'GitHub',
      look: () =>
        examineGitHub({
          credential:
            gitHub.kind === 'app' ? `the GitHub App ${gitHub.appId}` : `the token in ${gitHub.variable}`,
          perOrg: gitHub.kind === 'app',
          orgs: settings.orgs,
          quota: inspector.quota,
          inspect: inspector.organization,
          visibilityHint: (org) => visibilityHint(org, kind),
          now: Date.now,
        }),
    },
    ...settings.orgs.map(
      (org): Probe => ({
        id: `webhook.hook:${org}`,
        area: 'webhook',
        subject: `GitHub, asked about the webhooks of ${org},`,
        look: async () => {
          const hooks = await inspector.hooks(org).catch((error: unknown) => {
            // Credentials that are refused are told once, by the probe above.
            if (error instanceof SyncError && error.code === 'GITHUB_AUTH') return undefined;
            throw error;
          });
          return hooks === undefined ? [] : judgeHooks({ org, path, expected }, hooks);
        },
      }),
    ),
  ];
}

const webhookSecretProbe = ({ env }: Terminal): Probe => ({
  id: 'webhook.secret',
  area: 'webhook',
  subject: 'the environment',
  look: async () => [judgeSecret(env.GITHUB_WEBHOOK_SECRET)],
});

function permitProbes(
  { settings, statements, apiKey }: KnownSettings,
  stop: Stop,
  wire: Wire,
): readonly Probe[] {
  if (settings === undefined || apiKey === undefined) return [];
  const service = { ...settings.permit, apiKey, stop, wire, retry: RETRY };
  const sdk = openPermit({ ...service, mayWrite: false });
  const reader = createPermitReader({ sdk, stop, retry: RETRY });
  return [
    {
      id: 'permit.key',
      area: 'permit',
      subject: 'Permit',
      look: () =>
        examinePermit({
          environment: () => readEnvironment({ sdk, stop, retry: RETRY }),
          findMissing: (grants) => reader.findMissing(grants, []),
          grants: statements && assignableGrants(statements, settings.orgs),
        }),
    },
    {
      id: 'pdp.answer',
      area: 'pdp',
      subject: 'the PDP',
      look: () =>
        examinePdp(settings.permit.pdpUrl, () =>
          openPdp(service)({
            user: 'gh-permit-sync-doctor',
            action: 'examine',
            resource: { type: 'gh-permit-sync', tenant: 'default' },
          }),
        ),
    },
  ];
}

const redisProbe = ({ env }: Terminal, stop: Stop): Probe => ({
  id: 'redis.connection',
  area: 'redis',
  subject: 'Redis',
  look: () => examineRedis(env.REDIS_URL, askRedis, stop.signal),
});

function render(report: DoctorReport, options: DoctorOptions, terminal: Terminal): string {
  switch (options.output) {
    case 'json':
      return renderDoctorJson(report);
    case 'markdown':
      return renderDoctorMarkdown(report);
    case 'text':
      return renderDoctorText(report, {
        color: wantsColor(options.color, terminal.env, terminal.outIsTty),
        quiet: options.quiet === true,
        width: terminal.width,
      });
  }
}
