import { Module } from 'node:module';
import type { FunctionMetadata, Handler, LogCategory, LogLevel, ProgrammingModel } from './core-types.ts';
import { createHooks, type HookCallback, type HookData, type Hooks } from './hooks.ts';
import type { HostLog } from './log.ts';
import { StartupError } from './startup-error.ts';

const CORE_MODULE = '@azure/functions-core';

export interface RegisteredFunction {
  readonly metadata: FunctionMetadata;
  readonly handler: Handler;
}

/** A line on its way to the log, with what the log hooks are told about where it comes from. */
export interface LogLine {
  readonly level: LogLevel;
  readonly category: LogCategory;
  readonly message: string;
  readonly hookData?: HookData;
  readonly invocationContext?: unknown;
}

/** What the app has registered, and the ways to reach it. */
export interface Core {
  /** What `require('@azure/functions-core')` answers. */
  readonly module: unknown;
  readonly hooks: Hooks;
  /** The functions in the order of their registration. */
  functions(): readonly RegisteredFunction[];
  model(): ProgrammingModel | undefined;
  write(line: LogLine): void;
  /** From here on, registering or withdrawing a function is an error, as it is in Azure. */
  finishStartup(): void;
}

class Disposable {
  #dispose: (() => unknown) | undefined;

  constructor(dispose: () => unknown) {
    this.#dispose = dispose;
  }

  static from(...disposables: { dispose(): unknown }[]): Disposable {
    return new Disposable(() => {
      for (const disposable of disposables) disposable.dispose();
    });
  }

  dispose(): void {
    this.#dispose?.();
    this.#dispose = undefined;
  }
}

/** The core interface, as Azure's worker offers it, on top of `log`. */
export const createCore = (log: HostLog): Core => {
  const hooks = createHooks();
  const functions = new Map<string, RegisteredFunction>();
  let model: ProgrammingModel | undefined;
  let started = false;

  const registerFunction = (metadata: FunctionMetadata, handler: unknown): Disposable => {
    if (started) throw new Error('A function can only be registered during app startup.');
    // Azure takes names that differ only in case for the same function.
    const key = metadata.name.toLowerCase();
    if (functions.has(key)) throw new StartupError(`there are two functions called "${metadata.name}"`);
    if (typeof handler !== 'function')
      throw new StartupError(`function "${metadata.name}" has no handler, or one that is not a function`);
    functions.set(key, { metadata, handler: (...inputs) => handler(...inputs) });
    return new Disposable(() => {
      if (started) throw new Error('A function can only be disposed during app startup.');
      functions.delete(key);
    });
  };

  const write = (line: LogLine): void => {
    const context = {
      level: line.level,
      message: line.message,
      category: line.category,
      hookData: line.hookData ?? {},
      appHookData: hooks.appData,
      invocationContext: line.invocationContext,
    };
    hooks.runLog(context);
    // Hooks may change the lines of the app, but not those of the library.
    const { level, message } = line.category === 'user' ? context : line;
    if (level === 'trace' || level === 'debug' || level === 'none') return;
    if (line.category === 'user') log.app(message);
    else if (line.category === 'system' && level !== 'information') log.warn(message);
  };

  return {
    hooks,
    write,
    functions: () => [...functions.values()],
    model: () => model,
    finishStartup() {
      started = true;
    },
    module: {
      version: '3.0.0-local',
      hostVersion: '4.0.0-local',
      Disposable,
      registerFunction,
      registerHook: (name: string, callback: HookCallback) => new Disposable(hooks.add(name, callback)),
      setProgrammingModel(value: ProgrammingModel) {
        model = value;
      },
      getProgrammingModel: () => model,
      log: (level: LogLevel, category: LogCategory, message: string) => write({ level, category, message }),
    },
  };
};

/**
 * Makes `require('@azure/functions-core')` answer with `module`, in this process and for good. There is no package of
 * that name: Azure's worker intercepts `require` in the same way, and the library knows no other way to find its host.
 */
export const installCoreModule = (module: unknown): void => {
  const original = Module.prototype.require;
  Module.prototype.require = function (this: Module, id: string): unknown {
    return id === CORE_MODULE ? module : original.call(this, id);
  } as typeof original;
};
