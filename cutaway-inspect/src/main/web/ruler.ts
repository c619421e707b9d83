// The tokens as column heads, pinned above every drawing.

import { html } from 'lit';
import { type Context, chosen } from './context';
import { shown } from './format';

export function ruler(c: Context) {
  const { store, geometry: g, state } = c;
  const tokens = store.tokens;
  const full = state.view === 'next';
  const colW = full ? Math.max(46, (g.width - 16) / Math.max(1, tokens.length)) : g.colW;
  const { q } = chosen(c);
  return html`<div class="abs" .style=${`left:0;top:0;height:100%;width:${Math.max(g.width, 16 + colW * tokens.length)}px`}>
    ${tokens.map(
      (t, i) => html`<button class=${'tk' + (i >= store.prompted ? ' gen' : '')} .style=${`left:${8 + colW * i + 3}px;width:${colW - 6}px`}
        aria-pressed=${String(i === q)} title=${`position ${i}, id ${t.id}${i >= store.prompted ? ', generated' : ''}`}
        @click=${() => c.go({ q: i, k: -1 })}><span class="tx1">${t.text.startsWith(' ') ? html`<span class="sp">·</span>` : ''}${shown(t.text)}</span><small>${i}</small></button>`,
    )}
  </div>`;
}
