/** Numbers in a list that grows, 8 bytes each. */
export class GrowingNumbers {
  #numbers = new Float64Array(1024);
  /** How many there are. */
  length = 0;

  /** Adds one at the end. */
  push(number: number): void {
    if (this.length === this.#numbers.length) {
      const larger = new Float64Array(2 * this.length);
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    this.#numbers[this.length++] = number;
  }

  /** The one at that place, which must be there. */
  at(place: number): number {
    return this.#numbers[place];
  }

  /** The place of the first that is larger, in a list whose numbers grow; the length when none is. */
  firstAbove(number: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#numbers[middle] > number) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
