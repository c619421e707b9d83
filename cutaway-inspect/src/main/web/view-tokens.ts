import { html, nothing } from 'lit';
import type { Context, ViewParts } from './context';
export function tokensView(c: Context): ViewParts { return { stage: html``, title: 'tokens', sub: c.state.view, panel: nothing }; }
