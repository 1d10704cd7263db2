import { randomUUID } from 'node:crypto';
import type { HostedFunction } from './bindings.ts';
import type { Core } from './core.ts';
import type {
  CoreInvocationContext,
  Datum,
  InvocationRequest,
  InvocationResponse,
  ProgrammingModel,
} from './core-types.ts';
import type { HookData, InvocationHookContext } from './hooks.ts';
import type { HostLog } from './log.ts';
import type { SendOutputs } from './queue-output.ts';
import { traceParentOf } from './trace-parent.ts';

/** The function took longer than host.json's `functionTimeout`. It cannot be killed, and may still be running. */
export class FunctionTimeoutError extends Error {
  override readonly name = 'FunctionTimeoutError';
}

export interface Invocation {
  /** What the function answers. Fails if the function does, and when its time is up. */
  readonly response: Promise<InvocationResponse>;
  /** Settles when the function has really come to its end; never fails. */
  readonly ended: Promise<void>;
}

/** Runs one function once; `traceParent` is what the caller says of the trace that it is a part of. */
export type Run = (
  input: Datum,
  triggerMetadata?: Readonly<Record<string, Datum>>,
  traceParent?: string,
) => Invocation;

export interface Invoker {
  /** How to run `fn`; what it puts into its queue outputs is sent before its response is there. */
  runner(fn: HostedFunction, sendOutputs: SendOutputs): Run;
  /** Settles when no function is running any more. */
  idle(): Promise<void>;
}

const runWithHooks = async (
  core: Core,
  model: ProgrammingModel,
  fn: HostedFunction,
  request: InvocationRequest,
): Promise<InvocationResponse> => {
  const hookData: HookData = {};
  let invocationContext: unknown;
  const coreContext: CoreInvocationContext = {
    invocationId: request.invocationId,
    request,
    metadata: fn.metadata,
    state: undefined,
    log: (level, category, message) => core.write({ level, category, message, hookData, invocationContext }),
  };
  const during = async (state: CoreInvocationContext['state'], work: () => Promise<void>): Promise<void> => {
    coreContext.state = state;
    try {
      await work();
    } finally {
      coreContext.state = undefined;
    }
  };
  const invocation = model.getInvocationModel(coreContext);
  const { context, inputs } = await invocation.getArguments();
  invocationContext = context;
  const hookContext: InvocationHookContext = {
    hookData,
    appHookData: core.hooks.appData,
    invocationContext: context,
    inputs,
    functionCallback: fn.handler,
    result: null,
    error: null,
  };
  await during('preInvocationHooks', () => core.hooks.run('preInvocation', hookContext));
  await during('invocation', async () => {
    try {
      hookContext.result = await invocation.invokeFunction(
        context,
        hookContext.inputs,
        hookContext.functionCallback,
      );
    } catch (error) {
      // A thrown null would look like success to the hooks and to the check below.
      hookContext.error = error ?? new Error(`the function threw ${String(error)}`);
    }
  });
  await during('postInvocationHooks', () => core.hooks.run('postInvocation', hookContext));
  if (hookContext.error !== null && hookContext.error !== undefined) throw hookContext.error;
  return invocation.getResponse(context, hookContext.result);
};

/** Runs functions through the programming model of the app, each for at most `timeoutMilliseconds`. */
export const createInvoker = (
  core: Core,
  model: ProgrammingModel,
  timeoutMilliseconds: number | undefined,
  log: HostLog,
): Invoker => {
  const running = new Set<Promise<void>>();

  const withTimeout = (name: string, run: Promise<InvocationResponse>): Promise<InvocationResponse> => {
    if (timeoutMilliseconds === undefined) return run;
    const { promise, resolve, reject } = Promise.withResolvers<InvocationResponse>();
    let late = false;
    const alarm = setTimeout(() => {
      late = true;
      reject(
        new FunctionTimeoutError(`${name} took longer than ${timeoutMilliseconds} ms (functionTimeout)`),
      );
    }, timeoutMilliseconds);
    run.then(
      (response) => {
        clearTimeout(alarm);
        resolve(response);
      },
      (error: unknown) => {
        clearTimeout(alarm);
        if (late) log.error(`${name} failed after its time was up`, error);
        else reject(error);
      },
    );
    return promise;
  };

  return {
    runner: (fn, sendOutputs) => {
      const run = async (request: InvocationRequest): Promise<InvocationResponse> => {
        const response = await runWithHooks(core, model, fn, request);
        await sendOutputs(response);
        return response;
      };
      return (data, triggerMetadata = {}, traceParent) => {
        const inputData = [{ name: fn.trigger.bindingName, data }];
        const request = {
          invocationId: randomUUID(),
          functionId: fn.name,
          inputData,
          triggerMetadata,
          traceContext: { traceParent: traceParentOf(traceParent) },
        };
        const result = run(request);
        const over = () => {
          running.delete(ended);
        };
        const ended: Promise<void> = result.then(over, over);
        running.add(ended);
        return { response: withTimeout(fn.name, result), ended };
      };
    },
    async idle() {
      while (running.size > 0) await Promise.all(running);
    },
  };
};
