/** What went wrong, in a sentence for people who know nothing of chunks, and the details for those who do. */
import { DesyncError } from "../mod.ts";
import { causesOf, messageOf } from "../src/core/errors.ts";
import { byId, element } from "./elements.ts";

/** What is said behind it of a download. */
export const KEPT = " What was right is kept: the next download goes on from there.";

/** The same, where it was to go into a file that the visitor has chosen. */
export const NOT_SAVED =
  " The chosen file is as it was (empty, if it is new): the next download begins anew.";

/** Shows it. `about` is the address that was read last, if any; `more` goes behind what may be tried again. */
export async function showProblem(error: unknown, about?: URL, more = ""): Promise<void> {
  const sentence = await sentenceFor(error, about, more);
  const details = element(
    "details",
    {},
    element("summary", {}, "Details"),
    element("p", {}, messageOf(error)),
  );
  byId("problem").replaceChildren(element("p", {}, sentence), details);
}

/** Forgets the last one. */
export function clearProblem(): void {
  byId("problem").replaceChildren();
}

/** One sentence, or two. */
export async function sentenceFor(error: unknown, about: URL | undefined, more: string): Promise<string> {
  if (!(error instanceof DesyncError)) return "Something unexpected went wrong in this page.";
  // What browsers throw when there is no answer: they do not say why.
  if (
    error.code === "store" && about !== undefined && causesOf(error).some(({ name }) => name === "TypeError")
  ) {
    return await whyNoAnswer(about, more);
  }
  switch (error.code) {
    case "invalid-index":
      return "This is not an index: is the address right? The name of an index ends in .caibx or .caidx.";
    case "invalid-archive":
      return "This is not an archive, or it is damaged: its contents cannot be listed.";
    case "missing-chunk":
      return `The store lacks a part of this file: does it belong to the index?${more}`;
    case "invalid-chunk":
    case "wrong-digest":
      return `The store sent damaged data, several times. None of it was saved.${more}`;
    case "missing-file":
    case "store":
      return `The server did not give what was asked for.${more}`;
    case "timeout":
      return `The server does not answer any more.${more}`;
    case "interrupted":
      return `Cancelled.${more}`;
    default:
      return `${messageOf(error)}.`;
  }
}

/** Why there was no answer from there, as far as a page can find out. */
async function whyNoAnswer(url: URL, more: string): Promise<string> {
  const { origin, protocol } = url;
  if (!navigator.onLine) return `This device is offline.${more}`;
  if (location.protocol === "https:" && protocol === "http:") {
    return `Browsers do not let a page that was loaded by https read from an address with http: ${origin}.`;
  }
  if (origin !== location.origin) {
    try {
      // What comes cannot be read, but it comes.
      await fetch(url, { mode: "no-cors", cache: "no-store", signal: AbortSignal.timeout(10_000) });
      return `The server ${origin} answers, but does not allow this page to read it. ` +
        `Whoever runs it has to allow pages of ${location.origin} (CORS).`;
    } catch {
      // It cannot be reached.
    }
  }
  return `The server ${origin} cannot be reached: does it run, and is there a connection to it?${more}`;
}
