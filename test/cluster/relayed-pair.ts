import { StockClient } from '../support/stock-client.ts';

const DOCUMENT = 'relayed';
const WITHIN_MS = 5_000;

/** Two clients of one document, each at an instance of its own. */
export class RelayedPair implements AsyncDisposable {
  readonly #one: StockClient;
  readonly #other: StockClient;
  #passed = 0;

  private constructor(one: StockClient, other: StockClient) {
    this.#one = one;
    this.#other = other;
  }

  static async join(place: string, otherPlace: string): Promise<RelayedPair> {
    const [one, other] = [new StockClient(place, DOCUMENT), new StockClient(otherPlace, DOCUMENT)];
    const pair = new RelayedPair(one, other);
    await Promise.all([one.synced(), other.synced()]);
    return pair;
  }

  /** Each makes an edit and waits until it is at the other one. */
  async pass(): Promise<void> {
    await this.#passOn(this.#one, this.#other);
    await this.#passOn(this.#other, this.#one);
  }

  async #passOn(writer: StockClient, reader: StockClient): Promise<void> {
    this.#passed += 1;
    const mark = `${writer.doc.clientID}:${this.#passed}`;
    writer.doc.getMap('marks').set(mark, true);
    await reader.until(() => reader.doc.getMap('marks').has(mark), 'an edit made at the other instance', WITHIN_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#one.close();
    this.#other.close();
  }
}
