import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { renderWorkflowFile } from '../../../src/init/workflow-file.ts';
import { type Call, callsIn, filesIn, read, unknownIn } from '../../support/documents.ts';
import { emptyFolder } from '../../support/program.ts';
import { load } from '../config/support.ts';

const YAML_FILES = ['action.yml', ...['.github', 'examples'].flatMap((at) => filesIn(at, /\.ya?ml$/))];

type Fields = { readonly [key: string]: unknown };
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const documentsIn = (file: string) => parseAllDocuments(read(file), { merge: true });

/** Every mapping in a file, however deep. */
function mappingsIn(file: string): readonly Fields[] {
  const below = (value: unknown): readonly Fields[] => [
    ...(isFields(value) ? [value] : []),
    ...(typeof value === 'object' && value !== null ? Object.values(value).flatMap(below) : []),
  ];
  return documentsIn(file).flatMap((document) => below(document.toJS()));
}

const action = parseAllDocuments(read('action.yml'))[0]?.toJS();
const script: string = action.runs.steps[0].run;

test.each(YAML_FILES)('%s is valid YAML', (file) => {
  const documents = documentsIn(file);
  expect(documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])).toEqual([]);
  expect(documents.length).toBeGreaterThan(0);
});

test('the example of a config loads', () => {
  const file = read('examples/gh-permit-sync.yaml');
  expect(() => load({ file, env: { GITHUB_ORG: undefined } })).not.toThrow();
});

test('every file of the examples is in their table', () => {
  const files = filesIn('examples', /\/[^/.]*(?:\.ya?ml|gh-permit-sync)$|\.gitlab-ci\.yml$/);
  const table = read('examples/README.md');
  expect(files.length).toBeGreaterThan(7);
  expect(files.filter((file) => !table.includes(`(${file.replace('examples/', '')})`))).toEqual([]);
});

describe('every command in the examples and workflows exists, with its flags', () => {
  const isImage = (image: unknown): boolean => /(?:^|\/)gh-permit-sync(?::|$)/.test(String(image));
  const isAction = ({ uses }: Fields): boolean =>
    uses === './' || String(uses).startsWith('gh-permit-sync/gh-permit-sync@');
  const actionSteps = YAML_FILES.flatMap(mappingsIn).filter(isAction);

  const callsOfContainers = (file: string): readonly Call[] =>
    mappingsIn(file)
      .filter(({ image }) => isImage(image))
      .flatMap(({ args, command }) => [args ?? command].filter(Array.isArray));
  const callOfStep = ({ with: inputs }: Fields): Call => {
    const { command = 'reconcile', args = '' } = isFields(inputs) ? inputs : {};
    return [String(command), ...String(args).split('\n').filter(Boolean)];
  };

  test('in shell, containers and steps', async () => {
    const scripts = YAML_FILES.flatMap(mappingsIn).flatMap((one) => [one.run, one.script].flat());
    const crontab = read('examples/cron/gh-permit-sync').replaceAll(/^#.*/gm, '');
    const calls = [
      ...[...scripts, crontab].flatMap((text) => (typeof text === 'string' ? callsIn(text) : [])),
      ...YAML_FILES.flatMap(callsOfContainers),
      ...actionSteps.map(callOfStep),
    ];
    expect(calls.length).toBeGreaterThan(12);
    const unknown = await Promise.all(
      calls.map(async (call) => ({ call: call.join(' '), unknown: await unknownIn(call) })),
    );
    expect(unknown.filter((one) => one.unknown.length > 0)).toEqual([]);
  });

  test('steps that use the action give it inputs that it has', () => {
    expect(actionSteps.length).toBeGreaterThan(2);
    const given = actionSteps.flatMap((step) => Object.keys(isFields(step.with) ? step.with : {}));
    expect(given.filter((name) => action.inputs[name] === undefined)).toEqual([]);
  });
});

test('the scheduled example writes and reports as the workflow of init does', () => {
  type Workflow = {
    readonly jobs: { readonly reconcile: { readonly steps: readonly Fields[] }; readonly report: Fields };
  };
  const example: Workflow = parse(read('examples/github-actions/schedule.yml'));
  const generated: Workflow = parse(renderWorkflowFile(['acme'], { kind: 'npm' }, '0.1.0'));
  expect(example.jobs.report).toEqual({ ...generated.jobs.report });
  const given = (workflow: Workflow, field: string, name: string): unknown =>
    workflow.jobs.reconcile.steps.flatMap((step) => {
      const fields = step[field];
      return step.id === 'sync' && isFields(fields) ? [fields[name]] : [];
    })[0];
  const apply = String(given(generated, 'env', 'APPLY')).replace(/^\$\{\{ (.*) \}\}$/s, '$1');
  expect(given(example, 'with', 'dry-run')).toBe(`\${{ !(${apply}) }}`);
});

describe('workflows', () => {
  const workflows = YAML_FILES.filter((file) => /\/(?:workflows|github-actions)\//.test(file));

  test.each(workflows)('%s pins every action by commit, and names its version', (file) => {
    const foreign = [...read(file).matchAll(/^ *(?:- )?uses: (.*)$/gm)]
      .map(([, uses = '']) => uses)
      .filter((uses) => uses !== './' && !uses.startsWith('gh-permit-sync/'));
    expect(foreign.filter((uses) => !/^[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(uses))).toEqual([]);
  });

  test.each(workflows)('%s grants no more than it says, and puts no expression into a shell', (file) => {
    const [root] = mappingsIn(file);
    expect([{}, { contents: 'read' }]).toContainEqual(root?.permissions);
    const scripts = mappingsIn(file).flatMap(({ run }) => (typeof run === 'string' ? [run] : []));
    expect(scripts.filter((text) => text.includes('${{'))).toEqual([]);
  });
});

describe('the action', () => {
  /** Prints its input, and ends as requested. */
  const PROGRAM = `
    const { argv, env } = process;
    const { GH_TOKEN, PERMIT_API_KEY, GITHUB_ORG, INPUT_ARGS } = env;
    console.log(JSON.stringify({ args: argv.slice(2), GH_TOKEN, PERMIT_API_KEY, GITHUB_ORG, INPUT_ARGS }));
    process.exit(Number(env.STUB_EXIT_CODE ?? 0));
  `;
  let folder: string;
  let at: (path: string) => string;

  beforeEach(() => {
    folder = emptyFolder();
    at = (path) => join(folder, path);
    for (const path of ['action/bin', 'action/dist', 'workspace', 'tools'])
      mkdirSync(at(path), { recursive: true });
    writeFileSync(at('action/package.json'), '{ "version": "1.2.3" }');
    writeFileSync(at('action/bin/gh-permit-sync.js'), PROGRAM);
    writeFileSync(at('action/dist/main.js'), '');
    writeFileSync(at('output'), '');
  });

  const tool = (name: string, text: string): void =>
    writeFileSync(at(`tools/${name}`), `#!/bin/sh\n${text}\n`, { mode: 0o755 });

  function runAction(inputs: Fields = {}, env: Readonly<Record<string, string>> = {}) {
    const variables = Object.keys(action.inputs)
      .filter((name) => name !== 'working-directory')
      .map((name) => [
        `INPUT_${name.toUpperCase().replaceAll('-', '_')}`,
        String(inputs[name] ?? action.inputs[name].default),
      ]);
    const { status, stdout, stderr } = spawnSync('bash', ['--noprofile', '--norc', '-c', script], {
      encoding: 'utf8',
      cwd: at('workspace'),
      env: {
        PATH: `${at('tools')}:${process.env.PATH}`,
        GITHUB_ACTION_PATH: at('action'),
        GITHUB_WORKSPACE: at('workspace'),
        GITHUB_OUTPUT: at('output'),
        ...Object.fromEntries(variables),
        ...env,
      },
    });
    return { status, stdout, stderr, output: readFileSync(at('output'), 'utf8') };
  }

  const saidBy = (stdout: string) => JSON.parse(stdout.trim().split('\n').at(-1) ?? '');

  test('every input reaches the script', () => {
    const { env } = action.runs.steps[0];
    const passed = Object.values(env).map((value) => /inputs\.([a-z-]+)/.exec(String(value))?.[1]);
    expect(Object.keys(action.inputs)).toEqual([...passed, 'working-directory']);
    execFileSync('bash', ['-n', '-c', script]);
  });

  test('runs the program with the arguments and secrets that it is given', () => {
    const { status, stdout, output } = runAction({
      args: '--user\nmona lisa\n',
      'dry-run': 'true',
      config: 'a b.yaml',
      org: 'acme,labs',
      'github-token': 'token',
      'permit-api-key': 'key',
    });
    expect(saidBy(stdout)).toEqual({
      args: ['reconcile', '--user', 'mona lisa', '--config', 'a b.yaml', '--dry-run'],
      GH_TOKEN: 'token',
      PERMIT_API_KEY: 'key',
      GITHUB_ORG: 'acme,labs',
    });
    expect({ status, output }).toEqual({ status: 0, output: 'exit-code=0\n' });
  });

  test('an empty input leaves the environment of the job as it is', () => {
    const { stdout } = runAction({}, { GH_TOKEN: 'of the job', PERMIT_API_KEY: 'of the job' });
    expect(saidBy(stdout)).toMatchObject({ GH_TOKEN: 'of the job', PERMIT_API_KEY: 'of the job' });
  });

  test.each([1, 3, 4])('ends with exit code %i of the program, and tells it', (code) => {
    const { status, output } = runAction({}, { STUB_EXIT_CODE: String(code) });
    expect({ status, output }).toEqual({ status: code, output: `exit-code=${code}\n` });
  });

  test('from a release without dist, runs the package of its own version', () => {
    execFileSync('rm', [at('action/dist/main.js')]);
    tool('npx', 'echo npx "$@"');
    expect(runAction().stdout).toBe('npx --yes gh-permit-sync@1.2.3 reconcile\n');
  });

  test('runs the exact version that is asked for, and no range', () => {
    tool('npx', 'echo npx "$@"');
    expect(runAction({ version: '2.0.0-rc.1' }).stdout).toBe(
      'npx --yes gh-permit-sync@2.0.0-rc.1 reconcile\n',
    );
    expect(runAction({ version: 'latest' })).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('must be exact'),
    });
  });

  test('from a clone, builds its own source', () => {
    execFileSync('rm', [at('action/dist/main.js')]);
    tool('npm', 'echo npm "$@"');
    const { stdout, stderr, status } = runAction({}, { GITHUB_WORKSPACE: folder });
    expect(stderr).toBe('npm ci --ignore-scripts --no-audit --no-fund\nnpm run build\n');
    expect(saidBy(stdout).args).toEqual(['reconcile']);
    expect(status).toBe(0);
  });

  test('refuses an unclear dry-run instead of writing', () => {
    const { status, stdout } = runAction({ 'dry-run': 'yes' });
    expect(status).toBe(1);
    expect(stdout).toBe('::error title=gh-permit-sync::dry-run must be true or false\n');
  });
});

test('the SBOM names every package in the bundle', () => {
  const licenses = read('dist/THIRD-PARTY-LICENSES.txt').split(/^-{80}$/m).length;
  const bom = JSON.parse(
    execFileSync(process.execPath, ['scripts/sbom.js'], {
      cwd: join(import.meta.dirname, '../../..'),
      encoding: 'utf8',
    }),
  );
  expect(bom).toMatchObject({ bomFormat: 'CycloneDX', metadata: { component: { name: 'gh-permit-sync' } } });
  expect(bom.components.length).toBe(licenses);
  for (const { purl } of bom.components)
    expect(purl).toMatch(/^pkg:npm\/(?:%40[^/@]+\/)?[^/@]+@\d+\.\d+\.\d+/);
});
