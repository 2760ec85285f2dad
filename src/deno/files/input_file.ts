/** A file or pipe that is read in order. */
import { abortable } from "../../core/abortable.ts";
import { isPipe, pauseForOtherEnd } from "./named_pipe.ts";
import { mayWrite } from "../system/permitted.ts";
import { openingPipesStops } from "../system/runtime.ts";
import { errorCode } from "../system/error_code.ts";
import { node } from "../system/node.ts";

/** What is read, and its bytes that had to be read to find that there is a writer. */
interface InputFile {
  file: Deno.FsFile;
  first: Uint8Array<ArrayBuffer>;
}

/**
 * Opens what is at the path. A pipe is waited for until it has a writer, in a way that `signal` ends with
 * `interrupted`.
 */
export async function openInput(path: string, signal?: AbortSignal): Promise<InputFile> {
  if (openingPipesStops() && isPipe(path) && mayWrite(path)) return await openPipe(path, signal);
  return { file: await openUnlessInterrupted(path, signal), first: new Uint8Array() };
}

async function openUnlessInterrupted(path: string, signal?: AbortSignal): Promise<Deno.FsFile> {
  const opening = Deno.open(path);
  try {
    return await abortable(() => opening, signal);
  } catch (error) {
    // It may still be opened, long after.
    opening.then((file) => file.close(), () => {});
    throw error;
  }
}

async function openPipe(path: string, signal?: AbortSignal): Promise<InputFile> {
  // While it is held, what is written stays in the pipe.
  const held = node.fs.openSync(path, node.fs.constants.O_RDONLY | node.fs.constants.O_NONBLOCK);
  try {
    const first = await firstBytes(held, signal);
    // The writer that came may be gone already: without one of our own, opening would wait for another.
    const writer = node.fs.openSync(path, node.fs.constants.O_WRONLY | node.fs.constants.O_NONBLOCK);
    try {
      return { file: await Deno.open(path), first };
    } finally {
      node.fs.closeSync(writer);
    }
  } finally {
    node.fs.closeSync(held);
  }
}

/**
 * Waits for a writer and gives what was read of it, which may be nothing. One that comes and goes between two looks, and
 * writes nothing, is not noticed.
 */
async function firstBytes(pipe: number, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const buffer = new Uint8Array(1);
  while (true) {
    try {
      // Nothing is read without a writer.
      if (node.fs.readSync(pipe, buffer) > 0) return buffer;
    } catch (error) {
      // A program has it open for writing, but has written nothing yet.
      if (errorCode(error) !== "EAGAIN") throw error;
      return new Uint8Array();
    }
    await pauseForOtherEnd(signal);
  }
}
