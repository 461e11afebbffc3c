import { batch, type ReadonlySignal, signal } from '@preact/signals';

/** What lies over the rows when the reader asks for it: the menu, the sheet of keys, in a narrow pane the facets. */
export class Panels {
  readonly #menu = signal(false);
  readonly #keys = signal(false);
  readonly #facets = signal(false);

  readonly menu: ReadonlySignal<boolean> = this.#menu;
  readonly keys: ReadonlySignal<boolean> = this.#keys;
  readonly facets: ReadonlySignal<boolean> = this.#facets;

  openMenu(): void {
    this.#menu.value = true;
  }

  closeMenu(): void {
    this.#menu.value = false;
  }

  toggleMenu(): void {
    this.#menu.value = !this.#menu.peek();
  }

  /** Open the sheet of keys, in the menu's place where that is open. */
  openKeys(): void {
    batch(() => {
      this.#menu.value = false;
      this.#keys.value = true;
    });
  }

  toggleKeys(): void {
    this.#keys.value = !this.#keys.peek();
  }

  toggleFacets(): void {
    this.#facets.value = !this.#facets.peek();
  }

  /** Close whatever is open. False where nothing was. */
  closeAll(): boolean {
    const wasOpen = this.#menu.peek() || this.#keys.peek() || this.#facets.peek();
    batch(() => {
      this.#menu.value = this.#keys.value = this.#facets.value = false;
    });
    return wasOpen;
  }
}
