/** What the main thread of a server asks its workers, and what they answer and report: plain data. */
import type { WireError } from "../../core/errors.ts";
import type { Reload, ThreadOptions } from "./server_thread.ts";

/** What a worker is asked. */
export type Order =
  /** Open all and listen. */
  | { readonly kind: "start"; readonly options: ThreadOptions }
  /** Read again what may have changed. */
  | { readonly kind: "reload"; readonly reload: Reload }
  /** Take no new connections, answer what was requested, and close all. */
  | { readonly kind: "stop" };

/** An order that will be answered by a {@linkcode Report} with its number. */
export type NumberedOrder = Order & { readonly number: number };

/** What a worker posts. */
export type Report =
  | { readonly kind: "done"; readonly number: number }
  | { readonly kind: "failed"; readonly number: number; readonly error: WireError }
  /** To be printed on standard error. */
  | { readonly kind: "warning"; readonly sentence: string }
  /** Lines for the log. */
  | { readonly kind: "log"; readonly text: string };
