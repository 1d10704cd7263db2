import type { RegisteredFunction } from './core.ts';
import type { BindingInfo, FunctionMetadata, Handler } from './core-types.ts';
import { StartupError } from './startup-error.ts';

export interface HttpTrigger {
  readonly type: 'httpTrigger';
  readonly bindingName: string;
  /** In upper case. */
  readonly methods: readonly string[];
  /** Without the route prefix of host.json. */
  readonly route: string;
}

export interface TimerTrigger {
  readonly type: 'timerTrigger';
  readonly bindingName: string;
  readonly schedule: string;
  readonly runOnStartup: boolean;
}

/** A queue, and the name of the setting that holds the connection string of its account. */
export interface QueueAddress {
  readonly queueName: string;
  readonly connection: string;
}

export interface QueueTrigger extends QueueAddress {
  readonly type: 'queueTrigger';
  readonly bindingName: string;
}

export interface QueueOutput extends QueueAddress {
  readonly bindingName: string;
}

export type Trigger = HttpTrigger | TimerTrigger | QueueTrigger;

/** A function that this host can run. */
export interface HostedFunction<T extends Trigger = Trigger> {
  readonly name: string;
  readonly metadata: FunctionMetadata;
  readonly handler: Handler;
  readonly trigger: T;
  readonly outputs: readonly QueueOutput[];
}

/** TRACE and CONNECT are missing: the library cannot represent such a request. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

const QUEUE_NAME = /^(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/;

type Fault = (reason: string) => StartupError;

const onlyKnown = (binding: BindingInfo, known: readonly string[], fault: Fault): void => {
  for (const [option, value] of Object.entries(binding)) {
    if (value === undefined || ['type', 'direction', 'name'].includes(option) || known.includes(option))
      continue;
    // The library adds this to every input binding.
    const deferred = (value as { supportsDeferredBinding?: unknown } | null)?.supportsDeferredBinding;
    if (option === 'properties' && deferred === 'false') continue;
    throw fault(`has the setting "${option}" on its ${binding.type}, which is not supported here`);
  }
};

const textOf = (binding: BindingInfo, option: string, fault: Fault): string => {
  const value = binding[option];
  if (typeof value !== 'string' || value === '') throw fault(`has a ${binding.type} without "${option}"`);
  if (/%.*%/.test(value)) throw fault(`has a %setting% in "${option}", which is not supported here`);
  return value;
};

const httpTrigger = (name: string, bindingName: string, binding: BindingInfo, fault: Fault): HttpTrigger => {
  onlyKnown(binding, ['authLevel', 'methods', 'route'], fault);
  if (binding.authLevel !== 'anonymous')
    throw fault(`has authLevel "${binding.authLevel}"; this host has no keys and knows only "anonymous"`);
  const methods = Array.isArray(binding.methods)
    ? binding.methods.map((one) => String(one).toUpperCase())
    : [];
  const unknown = methods.find((method) => !METHODS.includes(method));
  if (unknown !== undefined) throw fault(`has the method "${unknown}", which is not supported here`);
  if (methods.length === 0) throw fault('has no methods');
  // Azure falls back to the function's name.
  const route = binding.route ?? name;
  if (typeof route !== 'string') throw fault('has a route that is not a text');
  return { type: 'httpTrigger', bindingName, methods: [...new Set(methods)], route };
};

const timerTrigger = (bindingName: string, binding: BindingInfo, fault: Fault): TimerTrigger => {
  // useMonitor persists the schedule in Azure. Here nothing is missed while the host is down, by definition.
  onlyKnown(binding, ['schedule', 'runOnStartup', 'useMonitor'], fault);
  const schedule = textOf(binding, 'schedule', fault);
  return { type: 'timerTrigger', bindingName, schedule, runOnStartup: binding.runOnStartup === true };
};

const queueAddress = (binding: BindingInfo, fault: Fault): QueueAddress => {
  onlyKnown(binding, ['queueName', 'connection'], fault);
  const queueName = textOf(binding, 'queueName', fault);
  if (!QUEUE_NAME.test(queueName)) throw fault(`has "${queueName}", which cannot be the name of a queue`);
  return { queueName, connection: textOf(binding, 'connection', fault) };
};

const triggerOf = (name: string, bindingName: string, binding: BindingInfo, fault: Fault): Trigger => {
  switch (binding.type) {
    case 'httpTrigger':
      return httpTrigger(name, bindingName, binding, fault);
    case 'timerTrigger':
      return timerTrigger(bindingName, binding, fault);
    case 'queueTrigger':
      return { type: 'queueTrigger', bindingName, ...queueAddress(binding, fault) };
    default:
      throw fault(
        `has a ${binding.type}, which is not supported here (only HTTP, timer and storage queue are)`,
      );
  }
};

/**
 * Reads the bindings of a function. Throws a StartupError for anything that this host cannot do as Azure does it, so
 * that nobody finds out later from an app that silently does nothing.
 */
export const hostedFunction = ({ metadata, handler }: RegisteredFunction): HostedFunction => {
  const { name } = metadata;
  const fault: Fault = (reason) => new StartupError(`function "${name}" ${reason}`);
  if (!/^[A-Za-z][\w-]{0,127}$/.test(name)) throw fault('has a name that Azure does not accept');
  if (metadata.retryOptions !== undefined) throw fault('has retry options, which are not supported here');
  const triggers: Trigger[] = [];
  const outputs: QueueOutput[] = [];
  for (const [bindingName, binding] of Object.entries(metadata.bindings)) {
    if (binding.direction === 'in') triggers.push(triggerOf(name, bindingName, binding, fault));
    else if (binding.type === 'queue') outputs.push({ bindingName, ...queueAddress(binding, fault) });
    else if (binding.type !== 'http')
      throw fault(`has an output of type ${binding.type}, which is not supported here`);
  }
  const [trigger, ...others] = triggers;
  if (trigger === undefined || others.length > 0) throw fault('has no trigger, or more than one');
  const answersHttp = metadata.bindings.$return?.type === 'http';
  if (answersHttp !== (trigger.type === 'httpTrigger'))
    throw fault('must return an HTTP response if, and only if, it has an HTTP trigger');
  return { name, metadata, handler, trigger, outputs };
};
