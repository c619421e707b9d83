// Prompts to begin with: each carries something that attention has to do.

export interface Preset {
  group: string;
  text: string;
}

export const PRESETS: readonly Preset[] = [
  { group: 'One word in two contexts', text: 'The engineers trained a machine learning model to' },
  { group: 'One word in two contexts', text: 'The fashion designer asked the tall model to' },
  { group: 'A pronoun that must find its noun', text: 'When Mary and John went to the store, John gave a drink to' },
  { group: 'A pronoun that must find its noun', text: 'The old woman looked at her son, and then she' },
  { group: 'A verb that must find its subject', text: 'The keys to the old cabinet in the kitchen' },
  { group: 'A verb that must find its subject', text: 'The man who had spoken to the two sisters' },
];

export const FIRST = PRESETS[2].text;
