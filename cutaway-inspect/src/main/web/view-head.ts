import { html, nothing } from 'lit';
import type { Context, ViewParts } from './context';
export function headView(c: Context): ViewParts { return { stage: html``, title: 'head', sub: c.state.view, panel: nothing }; }
