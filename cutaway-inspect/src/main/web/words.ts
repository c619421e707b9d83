// What token ids decode to, asked for in batches and kept as long as the model is open.

import { shown } from './format';
import type { Wire } from './wire';

export class Words {
  private readonly known = new Map<number, string>();
  private wanted = new Set<number>();
  private waiting = false;

  constructor(
    private readonly wire: Wire,
    private readonly changed: () => void,
  ) {}

  /** The token as it is drawn; an ellipsis until it is here, nothing for no id. */
  text(id: number): string {
    if (Number.isNaN(id)) return '';
    const here = this.known.get(id);
    if (here !== undefined) return shown(here);
    this.wanted.add(id);
    if (!this.waiting) {
      this.waiting = true;
      setTimeout(() => this.ask(), 0);
    }
    return '…';
  }

  clear(): void {
    this.known.clear();
  }

  private ask(): void {
    this.waiting = false;
    const ids = [...this.wanted];
    this.wanted = new Set();
    this.wire.ask<{ words: string[] }>({ do: 'words', ids }).then(
      ({ words }) => {
        words.forEach((word, i) => this.known.set(ids[i], word));
        this.changed();
      },
      () => {},
    );
  }
}
