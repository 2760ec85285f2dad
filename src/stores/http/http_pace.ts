/** How fast the bodies of a server came lately. */

/** Fast enough to do without seeing the pieces of a body, in bytes a millisecond. */
const FAST = 20;

/** What is remembered about a server from request to request. */
export class HttpPace {
  /** Whether small bodies may be read at once, which takes less time but shows nothing on the way. */
  fast = false;

  /** A body of so many bytes took so long, in milliseconds. */
  saw(bytes: number, milliseconds: number): void {
    this.fast = bytes >= FAST * milliseconds;
  }

  /** Nothing came in time: the next bodies are watched piece by piece. */
  lost(): void {
    this.fast = false;
  }
}
