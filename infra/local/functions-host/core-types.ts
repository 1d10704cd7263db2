/**
 * The part of the `@azure/functions-core` interface that `@azure/functions` 4.16 uses. The real typings ship with
 * Azure's worker and are not on npm, so the shapes that cross the border are written down here.
 */

export type LogLevel = 'trace' | 'debug' | 'information' | 'warning' | 'error' | 'critical' | 'none';
export type LogCategory = 'user' | 'system' | 'customMetric';

export interface Nullable<T> {
  readonly value?: T | null;
}

/** One value that crosses the border; exactly one of the properties is set. */
export interface Datum {
  readonly string?: string | null;
  readonly json?: string | null;
  readonly bytes?: Uint8Array | null;
  readonly http?: HttpDatum | null;
  readonly int?: number | null;
  readonly double?: number | null;
}

/** An HTTP request on its way in, or an HTTP response on its way out. */
export interface HttpDatum {
  readonly url?: string;
  readonly method?: string;
  readonly nullableHeaders?: Readonly<Record<string, Nullable<string>>>;
  readonly nullableQuery?: Readonly<Record<string, Nullable<string>>>;
  readonly nullableParams?: Readonly<Record<string, Nullable<string>>>;
  readonly statusCode?: string | null;
  readonly headers?: Readonly<Record<string, string>> | null;
  readonly cookies?: readonly CookieDatum[] | null;
  readonly body?: Datum | null;
}

export interface CookieDatum {
  readonly name: string;
  readonly value: string;
  readonly domain?: Nullable<string> | null | undefined;
  readonly path?: Nullable<string> | null | undefined;
  readonly expires?: Nullable<{ readonly seconds: number }> | null | undefined;
  readonly maxAge?: Nullable<number> | null | undefined;
  readonly secure?: Nullable<boolean> | null | undefined;
  readonly httpOnly?: Nullable<boolean> | null | undefined;
  /** `none` is "not said"; `explicitNone` is the attribute `SameSite=None`. */
  readonly sameSite?: 'none' | 'lax' | 'strict' | 'explicitNone' | null | undefined;
}

/** A binding as the library registers it: these three, and whatever options its type has. */
export interface BindingInfo {
  readonly type: string;
  readonly direction: string;
  readonly [option: string]: unknown;
}

export type Handler = (...inputs: unknown[]) => unknown;

export interface FunctionMetadata {
  readonly name: string;
  readonly bindings: Readonly<Record<string, BindingInfo>>;
  readonly retryOptions?: unknown;
}

export interface InvocationRequest {
  readonly invocationId: string;
  readonly functionId: string;
  readonly inputData: readonly { readonly name: string; readonly data: Datum }[];
  readonly triggerMetadata: Readonly<Record<string, Datum>>;
  readonly traceContext: { readonly traceParent: string };
}

export interface InvocationResponse {
  readonly invocationId?: string;
  readonly outputData?: readonly { readonly name: string; readonly data: Datum }[];
  readonly returnValue?: Datum | null;
}

export interface CoreInvocationContext {
  readonly invocationId: string;
  readonly request: InvocationRequest;
  readonly metadata: FunctionMetadata;
  /** Which part of the invocation runs; the library warns of log calls that come after it. */
  state: 'preInvocationHooks' | 'invocation' | 'postInvocationHooks' | undefined;
  log(level: LogLevel, category: LogCategory, message: string): void;
}

export interface InvocationModel {
  getArguments(): Promise<{ context: unknown; inputs: unknown[] }>;
  invokeFunction(context: unknown, inputs: unknown[], handler: Handler): Promise<unknown>;
  getResponse(context: unknown, result: unknown): Promise<InvocationResponse>;
}

export interface ProgrammingModel {
  readonly name: string;
  readonly version: string;
  getInvocationModel(context: CoreInvocationContext): InvocationModel;
  getCapabilities(capabilities: Record<string, string>): Promise<Record<string, string>>;
}
