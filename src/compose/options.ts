/** Compose's own flags as the user gave them. Everything else about resolution is left to Compose. */
export interface ComposeOptions {
  /** `-f`, in order; empty: Compose looks for them itself. */
  files: readonly string[];
  /** `-p` */
  projectName?: string;
  /** `--project-directory` */
  projectDirectory?: string;
  /** `--profile` */
  profiles: readonly string[];
  /** `--env-file`, in order. */
  envFiles: readonly string[];
}

export const NO_COMPOSE_OPTIONS: ComposeOptions = { files: [], profiles: [], envFiles: [] };

/** `compose` and the flags that select a project, for every Compose call. */
export function composeArgs(options: ComposeOptions): string[] {
  return [
    'compose',
    ...options.files.flatMap((file) => ['-f', file]),
    ...(options.projectName === undefined ? [] : ['-p', options.projectName]),
    ...(options.projectDirectory === undefined ? [] : ['--project-directory', options.projectDirectory]),
    ...options.profiles.flatMap((profile) => ['--profile', profile]),
    ...options.envFiles.flatMap((file) => ['--env-file', file]),
  ];
}
