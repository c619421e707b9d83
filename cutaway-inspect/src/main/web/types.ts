// What the server sends: the records of InspectedModel.

export interface Facts {
  name: string; architecture: string; family: string; layers: number; heads: number; keyValueHeads: number;
  headSize: number; width: number; hidden: number; vocabulary: number; context: number; parameters: number;
  knee: number; end: number;
}
export interface Piece { id: number; text: string }
export interface Named { name: string; dims: string[]; sizes: number[]; meaning: string }
export interface Factor { name: string; index: number[]; value: number; openable: boolean; weight: boolean; detail: string }
export interface Term { value: number; label: string; factors: Factor[] }
export interface Derivation {
  name: string; index: number[]; kept: number; words: string; latex: string; terms: Term[]; others: number; rest: number;
  summed: boolean; recomputed: number; difference: number; given: boolean; stored: Stored[];
}
export interface Stored {
  format: string; file: string; byteOffset: number; bytes: number; block: number; position: number; detail: string;
  codes: number[]; scales: number[]; offsets: number[]; values: number[];
}
export interface Stage { name: string; left: number }
export interface Candidate {
  id: number; text: string; rank: number; logit: number; probability: number; cutBy: string; reason: string;
  share: number; from: number;
}
export interface Draw {
  left: Stage[]; candidates: Candidate[]; ranks: number[]; curve: number[]; entropy: number;
  drawn: Candidate;
}
export interface Step { left: string; right: string; value: number; chosen: boolean; from: number; to: number }
export interface Part { text: string; method: string; symbols: string[]; steps: Step[]; pieces: Piece[] }
export interface Trace {
  text: string; normaliser: string; normalised: string; preTokenizer: string; method: string; parts: Part[]; tokens: Piece[];
}
export interface Settings { temperature: number; topK: number; topP: number; minP: number; seed: number }
