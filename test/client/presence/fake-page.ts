/** What presence watches of a page, in the hands of a test. */
export class FakePage extends EventTarget {
  visibilityState = 'visible';
  /** How many listeners are on it now. */
  listening = 0;

  override addEventListener(...args: Parameters<EventTarget['addEventListener']>): void {
    this.listening += 1;
    super.addEventListener(...args);
  }

  override removeEventListener(...args: Parameters<EventTarget['removeEventListener']>): void {
    this.listening -= 1;
    super.removeEventListener(...args);
  }

  input(type = 'keydown'): void {
    this.dispatchEvent(new Event(type));
  }

  show(isVisible: boolean): void {
    this.visibilityState = isVisible ? 'visible' : 'hidden';
    this.dispatchEvent(new Event('visibilitychange'));
  }
}
