// Rows of names, bars and numbers, as the panel shows them.

import { html, nothing, type TemplateResult } from 'lit';
import type { Context } from './context';
import { clamp } from './scale';

/** A share, 0 to 1: name, bar in the colour of its probability, text. */
export function shareRow(c: Context, name: string, share: number, text: string): TemplateResult {
  return html`<div class="row"><span class="nm">${name}</span><span class="bar1" .style=${`width:${Math.max(1, share * 130)}px;background:${c.scale.css('probability', Math.max(0.12, share))}`}></span><span>${text}</span></div>`;
}

/** The bar of a signed value around its middle. */
export function signedBar(value: number, largest: number): TemplateResult {
  const w = 50 * clamp(Math.abs(value) / Math.max(largest, 1e-12), 0, 1);
  return html`<span class="barw"><i .style=${`left:${value < 0 ? 50 - w : 50}%;width:${w}%;background:${value < 0 ? 'var(--neg)' : 'var(--pos)'}`}></i></span>`;
}

export function signedRow(name: string, value: number, largest: number, text: string, open?: () => void): TemplateResult {
  const inside = html`<span class="nm">${name}</span>${signedBar(value, largest)}<span>${text}</span>`;
  return open ? html`<button class="row" @click=${open}>${inside}</button>` : html`<div class="row">${inside}</div>`;
}

export function section(title: string, note: string, ...content: unknown[]): TemplateResult {
  return html`<section class="sec"><h2>${title}${note ? html`<span>${note}</span>` : nothing}</h2>${content}</section>`;
}

/** What a panel says while numbers are on their way. */
export function pending(lines: number): TemplateResult {
  return html`<div class="hatchbox" .style=${`height:${lines * 18}px`} role="img" aria-label="being computed"></div>`;
}

/** One plain sentence for learners. */
export function learn(text: string): TemplateResult {
  return html`<p class="learn sec">${text}</p>`;
}

export function table(caption: string, head: string[], rows: (string | number)[][], rowHead = true): TemplateResult {
  return html`<div class="ph">${caption}</div><table><thead><tr>${head.map((h) => html`<th scope="col">${h}</th>`)}</tr></thead>
    <tbody>${rows.map((r) => html`<tr>${r.map((cell, i) => (i === 0 && rowHead ? html`<th scope="row">${cell}</th>` : html`<td>${cell}</td>`))}</tr>`)}</tbody></table>`;
}
