import type { Handler, LogCategory, LogLevel } from './core-types.ts';

const HOOK_NAMES = ['appStart', 'appTerminate', 'preInvocation', 'postInvocation', 'log'] as const;
export type HookName = (typeof HOOK_NAMES)[number];

export type HookData = Record<string, unknown>;

/** What every hook gets. The library keeps a reference, so that what a hook changes on it is seen here. */
export interface HookContext {
  /** Shared by the hooks of one scope: one invocation, or the app. */
  readonly hookData: HookData;
  /** Shared by all hooks. */
  readonly appHookData: HookData;
}

export interface InvocationHookContext extends HookContext {
  readonly invocationContext: unknown;
  inputs: unknown[];
  functionCallback: Handler;
  result: unknown;
  error: unknown;
}

export interface LogHookContext extends HookContext {
  level: LogLevel;
  message: string;
  readonly category: LogCategory;
  readonly invocationContext: unknown;
}

export type HookCallback = (context: HookContext) => unknown;

export interface Hooks {
  /** Data of hooks outside of any invocation. */
  readonly appData: HookData;
  /** Adds a hook and returns how to take it away again. Throws a RangeError for a name that no hook has. */
  add(name: string, callback: HookCallback): () => void;
  /** Runs the hooks of that name in the order of their registration; the first that fails ends it. */
  run(name: Exclude<HookName, 'log'>, context: HookContext): Promise<void>;
  /** Runs the log hooks. They are synchronous, because `context.log` is. */
  runLog(context: LogHookContext): void;
}

const isHookName = (name: string): name is HookName => (HOOK_NAMES as readonly string[]).includes(name);

export const createHooks = (): Hooks => {
  const callbacks = new Map<HookName, HookCallback[]>(HOOK_NAMES.map((name) => [name, []]));
  const of = (name: HookName): HookCallback[] => callbacks.get(name) ?? [];
  return {
    appData: {},
    add(name, callback) {
      if (!isHookName(name)) throw new RangeError(`Unrecognized hook "${name}"`);
      of(name).push(callback);
      return () =>
        callbacks.set(
          name,
          of(name).filter((one) => one !== callback),
        );
    },
    async run(name, context) {
      for (const callback of of(name)) await callback(context);
    },
    runLog(context) {
      for (const callback of of('log')) callback(context);
    },
  };
};
