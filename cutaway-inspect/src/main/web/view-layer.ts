import { html, nothing } from 'lit';
import type { Context, ViewParts } from './context';
export function layerView(c: Context): ViewParts { return { stage: html``, title: 'layer', sub: c.state.view, panel: nothing }; }
