import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { emptyFolder, type Ran } from '../support/program.ts';
import type { TestRedis } from '../support/redis.ts';
import { openStage, type Stage } from '../support/stage.ts';
import type { ServiceName } from './descriptions.ts';

/** A stage with a working directory, on which the program runs inside this process. */
export type Place = Omit<Stage, 'run'> & {
  readonly cwd: string;
  /** Writes the config file of the next runs. */
  readonly configure: (config: string) => void;
  /** Runs a command line, and expects this exit code. */
  readonly run: (code: number, line: string, env?: Env) => Promise<Ran>;
  /** Runs a command line whose outcome is for other tests to judge; it must not crash. */
  readonly runAny: (line: string, env?: Env) => Promise<Ran>;
};
type Env = Readonly<Record<string, string>>;

export type Context = {
  /** Opens a stage whose exchanges count. */
  readonly open: (switches?: Parameters<typeof openStage>[0]) => Promise<Place>;
  /** Counts the exchanges of any other server; a Permit server answers for the PDP too. */
  readonly watch: (service: ServiceName, url: string) => void;
  readonly redis: TestRedis;
};

/** A name, and what to do: each drives commands, and proves only that they did what they were sent for. */
export type Scenario = readonly [name: string, play: (context: Context) => Promise<void>];

export async function openPlace(
  watch: Context['watch'],
  switches?: Parameters<typeof openStage>[0],
): Promise<Place> {
  const stage = await openStage(switches);
  watch('GitHub', stage.github.url);
  watch('Permit', stage.permit.url);
  const cwd = emptyFolder();
  const runLine = (line: string, env: Env = {}): Promise<Ran> => stage.run(line.split(' '), { cwd, env });
  return {
    ...stage,
    cwd,
    configure: (config) => writeFileSync(join(cwd, 'gh-permit-sync.yaml'), config),
    run: async (code, line, env) => {
      const ran = await runLine(line, env);
      expect(ran.code, `${line}\n${ran.stdout}${ran.stderr}`).toBe(code);
      return ran;
    },
    runAny: async (line, env) => {
      const ran = await runLine(line, env);
      expect(ran.stderr, line).not.toContain('INTERNAL');
      return ran;
    },
  };
}
