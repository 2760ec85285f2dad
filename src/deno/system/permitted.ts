/**
 * What may be asked of the system, where that was permitted. None of this is needed: without the permission nothing is
 * asked, neither the system nor the user, and the caller goes on as if there were no answer.
 */

/** A variable of the environment, empty when it is not set or may not be read. */
export function environment(name: string): string {
  return granted({ name: "env", variable: name }) ? Deno.env.get(name) ?? "" : "";
}

/** Sets a variable for this process, where that is permitted. */
export function setEnvironment(name: string, value: string): void {
  if (granted({ name: "env", variable: name })) Deno.env.set(name, value);
}

/** Unsets a variable for this process, where that is permitted. */
export function forgetEnvironment(name: string): void {
  if (granted({ name: "env", variable: name })) Deno.env.delete(name);
}

/** Whether these variables may be read and set. */
export function mayUseVariables(names: readonly string[]): boolean {
  return names.every((variable) => granted({ name: "env", variable }));
}

/** Does something while these variables are not set. If one of them may not be changed, all stay as they are. */
export function withoutVariables<T>(names: readonly string[], work: () => T): T {
  if (!mayUseVariables(names)) return work();
  const values = names.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  for (const [name] of values) Deno.env.delete(name);
  try {
    return work();
  } finally {
    for (const [name, value] of values) Deno.env.set(name, value);
  }
}

/** What Linux says of this process in `/proc/self/status`, empty when that may not be read or is not there. */
export function processStatus(): string {
  return new TextDecoder().decode(processFile("status"));
}

/** The words that this process was started with, each ended by a NUL; empty when they may not be read or are not there. */
export function processWords(): Uint8Array {
  return processFile("cmdline");
}

function processFile(name: string): Uint8Array {
  const path = `/proc/self/${name}`;
  if (Deno.build.os !== "linux" || !granted({ name: "read", path })) return new Uint8Array();
  try {
    return Deno.readFileSync(path);
  } catch {
    // It takes permission for everything, though the answer before was another.
    return new Uint8Array();
  }
}

/** The permissions that new files do not get, `undefined` when they may not be asked for; 0 where there are none. */
export function umask(): number | undefined {
  if (Deno.build.os === "windows") return 0;
  return mayReadSystem("umask") ? Deno.umask() : undefined;
}

/** Sets them for this process. Returns those before, `undefined` when they could not be set. */
export function setUmask(mask: number): number | undefined {
  return Deno.build.os === "windows" || !mayReadSystem("umask") ? undefined : Deno.umask(mask);
}

/** The numbers of the user who runs this, `undefined` when they may not be asked for or there are none. */
export function ownIds(): { uid: number | null; gid: number | null } | undefined {
  return mayReadSystem("uid") && mayReadSystem("gid") ? { uid: Deno.uid(), gid: Deno.gid() } : undefined;
}

/** Whether functions of the system's libraries may be called. */
export function mayCallLibraries(): boolean {
  return granted({ name: "ffi" });
}

/** Whether the program, a name or a path, may be run. */
export function mayRun(command: string): boolean {
  return granted({ name: "run", command });
}

/** Whether all files may be read and written, without exceptions. */
export function mayUseAllFiles(): boolean {
  return (["read", "write"] as const).every((name) => {
    const { state, partial } = Deno.permissions.querySync({ name });
    return state === "granted" && !partial;
  });
}

/** Whether what is at the path may be looked at. */
export function mayRead(path: string): boolean {
  return granted({ name: "read", path });
}

/** Whether what is at the path may be written to. */
export function mayWrite(path: string): boolean {
  return granted({ name: "write", path });
}

/**
 * Whether the system may be asked for this. Not all kinds are known to every Deno, by type or by name: one that does not
 * know a permission wants none.
 */
export function mayReadSystem(kind: string): boolean {
  try {
    return granted({ name: "sys", kind: kind as Deno.SysPermissionDescriptor["kind"] });
  } catch {
    return true;
  }
}

function granted(permission: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(permission).state === "granted";
}
