import { type SimulatedKernel } from '@sriov/host-sim';

/** Has commands succeed without doing anything: by their line, whether it stands alone or is one of many for `ip`. @returns what ends that */
export function ignoreCommands(kernel: SimulatedKernel, isIgnored: (line: string) => boolean): () => void {
  const exec = kernel.exec.bind(kernel);
  kernel.exec = (command, args, options) => {
    if (isIgnored([command, ...args].join(' '))) return Promise.resolve({ exitCode: 0, stdout: '', stderr: '' });
    if (options?.input === undefined) return exec(command, args, options);
    const lines = options.input.split('\n').filter((line) => !isIgnored(`${command} ${line}`));
    return exec(command, args, { ...options, input: lines.join('\n') });
  };
  return () => {
    kernel.exec = exec;
  };
}
