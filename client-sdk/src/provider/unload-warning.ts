/** Has the browser ask before the page is closed. It listens only while there is a reason: a page that does is kept out of fast back and forward. */
export class UnloadWarning {
  #isOn = false;

  set(isOn: boolean): void {
    if (isOn === this.#isOn || typeof addEventListener === 'undefined') return;
    this.#isOn = isOn;
    if (isOn) addEventListener('beforeunload', ask);
    else removeEventListener('beforeunload', ask);
  }
}

function ask(event: Event): void {
  event.preventDefault();
}
