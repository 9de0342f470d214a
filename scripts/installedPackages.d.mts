/** See installedPackages.mjs. */
export function areInstalled(lockFile: string, hiddenLockFile: string): boolean;
