import { html, nothing } from 'lit';
import type { Context, ViewParts } from './context';
export function nextView(c: Context): ViewParts { return { stage: html``, title: 'next', sub: c.state.view, panel: nothing }; }
