import { batch, type ReadonlySignal, signal } from '@preact/signals';

/** What lies over the rows when the reader asks for it: the menu, the sheet of keys, in a narrow pane the facets. */
export class Panels {
  private readonly ownMenu = signal(false);
  private readonly ownKeys = signal(false);
  private readonly ownFacets = signal(false);

  readonly menu: ReadonlySignal<boolean> = this.ownMenu;
  readonly keys: ReadonlySignal<boolean> = this.ownKeys;
  readonly facets: ReadonlySignal<boolean> = this.ownFacets;

  openMenu(): void {
    this.ownMenu.value = true;
  }

  closeMenu(): void {
    this.ownMenu.value = false;
  }

  toggleMenu(): void {
    this.ownMenu.value = !this.ownMenu.peek();
  }

  /** Open the sheet of keys, in the menu's place where that is open. */
  openKeys(): void {
    batch(() => {
      this.ownMenu.value = false;
      this.ownKeys.value = true;
    });
  }

  toggleKeys(): void {
    this.ownKeys.value = !this.ownKeys.peek();
  }

  toggleFacets(): void {
    this.ownFacets.value = !this.ownFacets.peek();
  }

  /** Close whatever is open. False where nothing was. */
  closeAll(): boolean {
    const wasOpen = this.ownMenu.peek() || this.ownKeys.peek() || this.ownFacets.peek();
    batch(() => {
      this.ownMenu.value = this.ownKeys.value = this.ownFacets.value = false;
    });
    return wasOpen;
  }
}
