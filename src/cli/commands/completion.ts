import { type Command, type CommandGroup, defineCommand } from '../command.ts';
import { type Flag, terminalFlags } from '../flags.ts';

const shell: Flag<'bash' | 'zsh' | 'fish'> = {
  syntax: '<shell>',
  description: 'the shell to print a script for',
  choices: ['bash', 'zsh', 'fish'],
};

/** @param commands all commands of the program, this one included. */
export const completionOf = (commands: () => readonly (Command | CommandGroup)[]): Command =>
  defineCommand({
    name: 'completion',
    summary: 'print a completion script for a shell',
    description: 'Print a script that completes commands, flags and their values in bash, zsh or fish.',
    args: { shell },
    flags: { logFormat: terminalFlags.logFormat },
    examples: [
      ['source <(gh-permit-sync completion bash)', 'in ~/.bashrc'],
      ['source <(gh-permit-sync completion zsh)', 'in ~/.zshrc, after compinit'],
      ['gh-permit-sync completion fish | source', 'in ~/.config/fish/config.fish'],
    ],
    settings: () => ({}),
    run: async ({ terminal }, options) => {
      const { completionScript } = await import('../completion-script.ts');
      terminal.out(completionScript(options.shell, commands()));
      return { exitCode: 0 };
    },
  });
