/** A place in a buffer. One object reused for every update, so that reading creates no garbage. */
export class ByteCursor {
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;

  varUint(): number {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) throw new Error('the message ends in a number');
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
  }

  skipId(): void {
    this.varUint();
    this.varUint();
  }

  /** Moves past bytes with their length in front. */
  skipBytes(): void {
    const length = this.varUint();
    this.at += length;
  }

  /** Moves past a string and returns its length in UTF-16 code units, the length Yjs counts clocks by. */
  stringLength(): number {
    const end = this.varUint() + this.at;
    let units = 0;
    for (; this.at < end; this.at++) {
      const byte = this.bytes[this.at] ?? 0;
      if ((byte & 0xc0) !== 0x80) units += byte >= 0xf0 ? 2 : 1;
    }
    return units;
  }
}
