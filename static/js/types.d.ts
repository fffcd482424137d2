// What scripts hand to one another and get from the server, as types for `tsc --checkJs`
// (docs/decisions/0015-types-in-scripts.md). The payload's shapes are those of app/web/payload.py, field by field. Nothing of
// this file reaches a browser.
//
// In a module: /** @import { Film, Point } from "./types.js" */ and then `@param {Film} film`. Three names are also names of
// the browser: a module that imports `ImageData` from here and makes pixels for a canvas says `globalThis.ImageData`.

import type DrawingLibrary from "konva";
import type PageLibrary from "htmx.org";

declare global {
  /** In base.html, before every other script. */
  const htmx: typeof PageLibrary;
  /** There once easel.js has fetched it. */
  var Konva: typeof DrawingLibrary;
}

// ---------------------------------------------------------------------------------------------- the payload

export interface CaseData {
  study: StudyData;
  arrangement: "planes" | "grid";
  /** The image that is shown: of a grid the film that is read, of planes the one that the address names, else "". */
  image: string;
  /** The domain's stack of `image` in a grid, "" in planes. */
  stack: string;
  planes: Partial<Record<Plane, string>>;
  /** The runs: what a pane scrolls through. */
  stacks: StackData[];
  models: ModelData[];
  model: string;
  banner: string;
  inspection: InspectionData | null;
  prediction: PredictionData | null;
  finding: string;
  methods: MethodData[];
  /** What can be asked for besides. */
  more: MethodData[];
  /** Findings that counterfactuals can be asked for, and by which ways, the better first. */
  changeable: { finding: string; label: string; ways: string[]; directions: number[] }[];
  explanations: ExplanationData[];
  reviews: ReviewData[];
  layouts: LayoutData[];
  job: JobData | null;
  disagree: number;
  verdicts: string[];
  reasons: string[];
  urls: Urls;
  strings: Strings;
  /** The patient's other studies, the newest first. */
  visits: VisitData[];
}

/** Another study of the same patient, which panes can show beside this one. */
export interface VisitData {
  study: string;
  earlier: boolean;
  /** Where its own payload is read. */
  data: string;
  title: string;
}

export type Strings = Record<string, string>;

export type Plane = "sagittal" | "coronal" | "axial";

export interface StudyData {
  id: string;
  phantom: boolean;
  state: string;
}

export interface StackData {
  id: string;
  series: string;
  kind: "film" | "slices";
  plane: Plane | "";
  weighting: string;
  localizer: boolean;
  used: boolean;
  title: string;
  listed: string;
  description: string;
  /** What a reader says of it in place of its header, "" for nothing. */
  said: { plane: string; weighting: string; used: string };
  /** Between slices, mm. */
  between: number | null;
  /** The side from which `images` are gone through, in words, "" where that is not known. */
  begins: string;
  windows: WindowData[];
  oddities: string[];
  /** One for all stacks of one frame of reference, "" where the files do not say. */
  space: string;
  images: ImageData[];
}

/** What places an image in a pane. */
export interface Sized {
  rows: number;
  columns: number;
}

export interface Spaced extends Sized {
  /** Between rows, between columns; mm. */
  spacing: Pair | null;
  /** The height of a pixel in widths of a pixel where there is no spacing; 1 where nobody says. */
  aspect?: number;
}

export interface ImageData extends Spaced {
  id: string;
  /** The domain's stack that it belongs to, and its place in that. */
  stack: string;
  at: number;
  signed: boolean;
  slope: number;
  intercept: number;
  units: string;
  photometric: "MONOCHROME1" | "MONOCHROME2";
  windows: WindowData[];
  voi_lut: LutData | null;
  spacing_kind: string;
  spacing_caution: string;
  /** The letters of the left, top, right and bottom edge. */
  orientation: Letters;
  /** The centre of the first pixel in the patient, mm; and along a row, then down a column. */
  position: Triple | null;
  axes: [number, number, number, number, number, number] | null;
  pixels_url: string;
  /** How often the film is halved for its preview, 0 for none. */
  halved: number;
  thumbnail_url: string;
  warnings: string[];
  /** Instance Number (0020,0013), as reports quote it; 0 for none. */
  number: number;
  /** How a film was taken, "" where its header does not say. */
  facing: "frontal" | "lateral" | "";
}

export interface WindowData {
  centre: number;
  width: number;
  function: WindowShape;
  label: string;
}

export interface LutData {
  first: number;
  bits: number;
  url: string;
}

export interface ModelData {
  name: string;
  title: string;
  eligible: boolean;
}

export interface InspectionData {
  guard: string;
  verdict: "ok" | "warned" | "refused";
  reasons: string[];
  stopped: boolean;
  insisted: boolean;
  remarks: string[];
  field: [number, number, number, number] | null;
}

export interface ScoreData {
  finding: string;
  label: string;
  probability: number;
  logit: number;
  called: boolean;
  point: number | null;
  card: number | null;
  moved: boolean;
  /** Likely enough for it to count that methods disagree on it. */
  weighs: boolean;
}

/** What the server says when a reader moved an operating point. */
export interface Called {
  finding: string;
  called: boolean;
  said: string;
}

export interface PredictionData {
  id: string;
  model: string;
  title: string;
  model_sha256: string;
  device: string;
  seconds: number;
  banner: string;
  scores: ScoreData[];
  parts: PartData[];
  missing: string[];
}

/** What a network said of one stack; the last three by finding, and empty for a film. */
export interface PartData {
  stack: string;
  plane: Plane | "";
  name: string;
  scores: ScoreData[];
  contributions: Record<string, number>;
  slice_scores: Record<string, number[]>;
  slice_weights: Record<string, number[]>;
  opens: Record<string, number>;
}

export type LayerKind = "relevance" | "attention" | "probability" | "labels" | "image" | "outline" | "change";

export type Scale = "signed" | "positive" | "unit" | "classes" | "grey";

export interface MethodData {
  name: string;
  title: string;
  imported: boolean;
  kind: LayerKind;
  signed: boolean;
  summary: string;
  caution: string;
  /** What the upper and the lower end of its colours mean, "" where an end needs no word. */
  ends: [string, string];
  /** Its two sides are no evidence for and against. */
  influence: boolean;
  /** The title of the method that it is a variant of, "" for none. */
  of: string;
  /** The layer that shows alone what its map weighs, "" for none. */
  prior: string;
}

/** How a map is drawn unless the reader says otherwise. */
export interface DrawingData {
  /** Where its colours end by the network's card, raw and smoothed; null where that does not say. */
  high: number | null;
  evened: number | null;
  source: "validation" | "phantoms" | "";
  probability: number | null;
  /** The share of its opacity that it is drawn with. */
  strength: number;
  /** Of the Gaussian that smooths it at the network's stride, in its cells; 0 where that is not offered. */
  sigma: number;
  /** The same in pixels of the network's input. */
  pixels: number;
}

export interface ExplanationData extends Covering {
  stack: string;
  model: string;
  model_sha256: string;
  method: string;
  finding: string;
  kind: LayerKind;
  scale: Scale;
  state: string;
  state_text: string;
  signed: boolean;
  slices: number;
  min: number;
  max: number;
  mass: number[];
  values_url: string;
  /** The server's own picture of it, "" where it has none. */
  overlay_url: string;
  /** What labels are called, by their value. */
  names: Record<string, string>;
  notes: string[];
  conservation_error: number | null;
  drawing: DrawingData;
  rules: Belonging["rules"];
  moves: Belonging["moves"];
  path: Glimpse[];
  frame: [Point, Point][];
}

/** One glimpse of a network that sees by them: lines on the film, and the finding's probability after it. */
export interface Glimpse {
  fine: [Point, Point][];
  coarse: [Point, Point][];
  way: [Point, Point][];
  probability: number;
}

/** What belongs to a layer besides its values. */
export interface Belonging {
  /** Lines on the film, each from point to point in pixels of the image. */
  rules: [Point, Point][];
  /** Where it shows what lies on the film, from and to pixels of the image; null where it shows it in its place. */
  moves: Matrix | null;
  path?: Glimpse[];
  /** Lines on the film that no length is told of. */
  frame?: [Point, Point][];
}

export interface ReviewData {
  id: string;
  stack: string;
  model: string;
  model_sha256: string;
  method: string;
  finding: string;
  verdict: string;
  reason: string;
  comment: string;
  /** Shapes by the id of the image that they lie on. */
  regions: Record<string, Shape[]> | null;
  measures: Record<string, Localisation>;
  created_at: string;
  doubtful: boolean;
}

export interface LayoutData {
  id: string;
  name: string;
  rows: number;
  columns: number;
  layers: string[];
  own: Own;
  last: boolean;
  /** Every case of this kind opens with it: "film", or an exam's modality; "" for none. */
  opens: string;
}

export interface JobData {
  id: string;
  kind: string;
  state: "queued" | "running" | "done" | "failed" | "cancelled";
  step: number;
  of: number;
  sentence: string;
  /** The domain's stack that it is about, "" for all. */
  stack: string;
  model: string;
  finding: string;
}

export interface Urls {
  case: string;
  data: string;
  job: string;
  explanations: string;
  reviews: string;
  review: string;
  corrections: string;
  regroupings: string;
  points: string;
  measures: string;
}

// ---------------------------------------------------------------------------------------------- numbers and places

export type Pair = [number, number];
export type Triple = [number, number, number];
export type Letters = [string, string, string, string];

/** x, y: image pixels or screen pixels, as whoever takes them says. */
export type Point = [number, number];

/** Image axes to screen axes, row by row: xx, xy, yx, yy. */
export type Turn = readonly [number, number, number, number];

/** X = a·x + b·y + e, Y = c·x + d·y + f. */
export type Matrix = [number, number, number, number, number, number];

/** left, top, right, bottom in image pixels. */
export type Extent = [number, number, number, number];

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Bounds {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export interface View {
  zoom: number;
  x: number;
  y: number;
  turn: Turn;
}

export interface Placed {
  scale: number;
  matrix: Matrix;
}

// ---------------------------------------------------------------------------------------------- films and layers

export interface Level {
  data: Uint16Array;
  width: number;
  height: number;
}

export interface Lut {
  first: number;
  top: number;
  data: Uint16Array;
}

/** One image's pixels, see viewport/film.js. */
export interface Film {
  image: ImageData;
  /** A stored value is `data[i] - bias`. */
  bias: number;
  /** The first level that is there: not 0 for a preview. */
  first: number;
  levels: (Level | undefined)[];
  lut: Lut | null;
  /** The 0.5th and 99.5th percentile. */
  middle: Pair;
  range: Pair;
}

export type WindowShape = "LINEAR" | "LINEAR_EXACT" | "SIGMOID";

/** A grey window in the film's units (PS3.3 C.11.2.1.2). */
export interface Window {
  centre: number;
  width: number;
  shape: WindowShape;
}

/** `window` null: the film's VOI LUT. */
export interface Preset {
  label: string;
  window: Window | null;
}

/** What cells cover of an image, and how far they are drawn where that is not the same: the outermost ones up to there. */
export interface Covering {
  id: string;
  width: number;
  height: number;
  extent: Extent;
  reach?: Extent;
}

/** Values over an image, row by row: all that the renderer needs to draw colours. */
export interface Cells {
  id: string;
  explanation: Covering;
  values: Float32Array;
}

/** One image's layer: the values of a film, or of one slice of a stack. */
export interface LayerMap extends Cells {
  explanation: LayerHead;
  /** The 99.5th percentile of the positive values and of all sizes. */
  positive: number;
  strength: number;
  /** The ends of grey values, as a film without a window opens. */
  low?: number;
  high?: number;
  /** The values below zero weigh more than those above. */
  against: boolean;
  /** The same smoothed at the network's stride, where that is offered. */
  readonly evened?: LayerMap;
}

/** What of an explanation the colours need. */
export type LayerHead = Covering & Pick<ExplanationData, "signed" | "min" | "max"> & Partial<ExplanationData>;

/** What a pane lays over its film. */
export interface Overlay {
  map: Cells;
  ends: Pair;
  colours: string;
  threshold: number;
  /** Over which share of the upper end colours come up above the threshold, 0 at once. */
  soft?: number;
  /** Lines at the quarters of the upper end, and nothing else. */
  lines?: boolean;
  /** The share of the opacity that it is drawn with. */
  strength?: number;
  opacity: number;
  smooth: boolean;
  /** How its values are read: SCALE, CLASSES, OUTLINES or GREY of viewport/map.js; a scale where nothing is said. */
  reading?: number;
  /** Lines at a quarter, a half and three quarters of 0 … 1. */
  contours?: boolean;
  /** Of greys: which share takes the film's place. */
  share?: number;
  /** Without the film under it. */
  alone?: boolean;
}

/** What the renderer draws of a pane; `part`: the shares of the box's width to draw. */
export interface Picture extends Placed {
  box: Box;
  part?: Pair;
  film: Film;
  interpolated: boolean;
  grey: { window: Window | null; negative: boolean };
  overlay: Overlay | null;
}

/** What a pane can show, see layers.js. */
export interface Layer {
  id: string;
  kind: string;
  title: string;
  summary: string;
  method: string;
  signed: boolean;
  scale?: Scale;
  names?: Record<string, string>;
  caution: string;
  /** It came because a reader asked for it. */
  more: boolean;
  /** It is a variant of another: its spread, or its randomised twin. */
  variant: boolean;
  /** What the ends of its colours mean, "" where an end needs no word. */
  above: string;
  below: string;
  /** Its two sides are no evidence for and against. */
  influence: boolean;
  /** What it lays over a pane's film; a layer that is no method's map has it. */
  overlay?: (pane: Pane) => Overlaid | null;
  /** The film that it shows in place of the one that a pane shows. */
  film?: (pane: Pane) => Film | null;
}

/** How one film, or one series of slices, is windowed. */
export interface Chosen {
  window: Window | null;
  /** The place of the window among the presets, −1 for the reader's own. */
  preset: number;
  invert: boolean;
}

/** What all panes share, but for those that keep it for themselves. */
export interface Shared {
  overlays: boolean;
  interpolated: boolean;
  opacity: number;
  threshold: number;
  unsigned: string;
  signed: string;
  /** Of maps of influence, "" for that of the other signed ones. */
  influence: string;
  smooth: boolean;
  shared: boolean;
  robust: boolean;
  /** Colours end where the network's card says. */
  fixed: boolean;
  /** What is improbable is drawn faintly. */
  fading: boolean;
  /** Maps of single pixels are smoothed at the network's stride. */
  evened: boolean;
  /** How a map begins above the threshold: soft, hard or lines. */
  edge: string;
  /** A layer by itself, without the film under it. */
  alone: boolean;
  /** The share of the cells that is a top area. */
  top: number;
  overlap: boolean;
}

/** What is in force in a pane. */
export interface Settings extends Chosen, Shared {
  view: View;
}

export type Link = "zoom" | "pan" | "window" | "slice" | "overlay";

/** What a pane keeps for itself: the values of the links that it does without; those of a view stand beside the others. */
export type Kept = Partial<Omit<Settings, "view"> & View>;

/** What single panes keep for themselves, by their place. */
export type Own = Record<string, { unlinked: string[]; values: Kept }>;

/** Everything about how films and layers are shown: the view and the window of films, those of planes and series, and the rest. */
export type State = Settings & { views: Record<string, View>; windows: Record<string, Chosen>; own: Own };

/** Changes of settings from within a pane; of a view only what changes. */
export type Changes = Partial<Omit<Settings, "view">> & { view?: Partial<View> };

// ---------------------------------------------------------------------------------------------- networks beside each other

/** What the page that compares networks knows, see app/web/networks/page.py. */
export interface NetworksData {
  study: StudyData;
  arrangement: "planes" | "grid";
  image: string;
  finding: string;
  /** The finding for reading. */
  label: string;
  stacks: StackData[];
  methods: MethodData[];
  rows: RowData[];
  /** The two networks whose maps are subtracted, the second from the first; none where there are not two. */
  minus: string[];
  urls: { page: string; data: string; case: string };
  strings: Strings;
}

/** One network: what it says of the finding, and its maps in the order of the columns. */
export interface RowData {
  letter: string;
  model: string;
  title: string;
  said: "read" | "unread" | "refused" | "unknown";
  cells: CellData[];
  /** What its panes scroll through, "" for nothing, and where that opens. */
  run: string;
  opens: number;
  job: JobData | null;
}

/** One method's map, or why there is none. */
export interface CellData {
  method: string;
  layer: ExplanationData | null;
  words: string;
  /** It can be computed, and is not there. */
  lacks: boolean;
}

// ---------------------------------------------------------------------------------------------- what readers draw

export type ShapeKind = "rectangle" | "ellipse" | "polygon" | "freehand";

/** Two opposite corners of a rectangle or an ellipse, else the outline's points; a line is an outline that is not closed yet. */
export interface Shape {
  kind: ShapeKind | "line";
  points: Point[];
  /** The image that it lies on, where it is one of several. */
  image?: string;
}

/** A region on one image. */
export interface Region {
  shapes: Shape[];
}

/** Where a shape can be taken hold of: a box at a side or a corner, an outline at a point. */
export interface Handle {
  x: number;
  y: number;
  sides?: readonly ["left" | "right" | "", "top" | "bottom" | ""];
  vertex?: number;
}

/** How a layer lies to a region; null where a figure is not defined, "inf" where it came as JSON. */
export interface Localisation {
  pointing: number | null;
  iou: number | null;
  outside_inside: number | "inf" | null;
  mass: number | null;
}

export type MeasureKind = "length" | "angle" | "rectangle" | "ellipse";

export interface Measure {
  id: string;
  image: string;
  kind: MeasureKind;
  points: Point[];
  /** It came with a link, and is not stored. */
  linked?: boolean;
  /** No figures stand beside it. */
  silent?: boolean;
  /** It belongs to a layer, and nobody can take hold of it. */
  fixed?: boolean;
}

/** An area of what if that was drawn. */
export interface Area {
  kind: ShapeKind | "brush";
  points: Point[];
  radius?: number;
  /** The images that it lies on. */
  images?: string[];
}

/** What a press of the left button began. */
export interface Gesture {
  move?: (x: number, y: number) => void;
  step?: (dx: number, dy: number) => void;
  end?: () => void;
}

/** What hands that draw need of a pane … */
export interface Surface {
  element: HTMLElement;
  view: HTMLElement;
  box: Box;
  /** The image that it shows. */
  image: ImageData | null;
  /** What is laid over what it shows. */
  laid?: { film?: Film | null } | null;
}

/** … and of all panes. */
export interface Surfaces {
  grid: HTMLElement;
  all: Surface[];
  readonly shown: Surface[];
  active: Surface;
  /** The film of a pane's image, null while it is on its way. */
  filmOf(pane: Surface): Film | null | undefined;
  painted: () => void;
  place(pane: Surface): Placed;
  refresh(): void;
}

// ---------------------------------------------------------------------------------------------- what is kept

/** A step of the reader's; whoever registered its kind knows what else is in it and in its entries. */
export interface Step {
  kind: string;
  entries: { key: string; [more: string]: any }[];
  region?: any;
}

/** A part of a link. */
export interface Part {
  /** Plain JSON, null where all is as a page opens. */
  save: () => unknown;
  /** Takes what came out of a link, which may be anything; returns sentences for people. */
  load: (saved: any) => string | (string | number | false | undefined)[] | undefined | void;
}

/** A verdict on its way, see saving.js: `body` to be stored, or `remove`, an id, to be taken back. */
export interface Op {
  key: string;
  body?: Record<string, unknown>;
  remove?: string;
  token: string;
  at: number;
  urls: Pick<Urls, "review" | "reviews">;
  /** The id that was in force when the reader judged. */
  expected?: string;
  /** The verdict that it met, null for none: the reader decides. */
  other?: ReviewData | null;
  /** It could not be kept in this browser. */
  fleeting?: boolean;
  /** An earlier page left it here. */
  adopted?: boolean;
}

// ---------------------------------------------------------------------------------------------- the page

import type { Pane } from "./pane.js";

/** What is read of a payload to show what lies in a pane. */
export type Reading = Pick<
  CaseData, "arrangement" | "explanations" | "finding" | "job" | "methods" | "model" | "more" | "prediction" | "stack"
> & { urls: Pick<Urls, "data"> };

/** The payload, and when it was asked for, ms of performance.now(); the one that came with the page was not asked for. */
export interface Told extends CaseData {
  asked?: number;
}

/** A place of the grid: the plane whose stack it shows, or an image of its own (seats.js), "" and "" for what the grid is about;
 *  and the layer over it. */
export interface Seat {
  plane: string;
  own: string;
  id: string;
}

/** How many panes there are, and what lies in them: every place as `spelt` of grid.js writes it. */
export interface Arrangement {
  rows: number;
  columns: number;
  layers: string[];
}

/** What a layer that is no method's map lays over a film; what is missing is as the reader has set it. `faint`: small
 *  values are there, and faint. */
export type Overlaid = Partial<Overlay> & Pick<Overlay, "map" | "ends"> & { faint?: boolean };

/** The cells that a pane shows: of a method's map, or what a layer has made itself, of which less is known. */
export type Drawn = Cells & Partial<Omit<LayerMap, keyof Cells>> & { explanation: Covering & Partial<ExplanationData> };

/** What the left button and one finger do with a film, once the reader has taken it up. */
export type HandTool = "window" | "pan" | "zoom";

/** What may take a press of the left button before the panes do. */
export interface Taker {
  grab(pane: Pane, event: PointerEvent, x: number, y: number): Gesture | null;
}

// ---------------------------------------------------------------------------------------------- hands and stacks

import type { Regions } from "./regions.js";
import type { StackMaps } from "./stacks/maps.js";
import type { Stack } from "./stacks/stack.js";
import type { Display } from "./viewport/state.js";

/** A pane as those see it that draw, point, measure or judge in it. */
export interface ReadingPane extends Surface {
  place: number;
  stack: Stack | null;
  /** The place of its image in the stack. */
  at: number;
  /** The film of its image as it is. */
  film: Film | null;
  layer: string;
  method: string;
  title: string;
  subject: string;
  /** What shapes are drawn into. */
  marks: Element;
  /** What the cross and other stacks' slices are drawn into. */
  lines: SVGElement;
  verdicts: HTMLButtonElement[];
  /** The values of its layer over the whole stack. */
  maps: StackMaps | null;
  /** What of them it shows, or of any other layer. */
  map: Cells | null;
  /** The id of the explanation that it shows, "" for none. */
  layerId: string;
  /** What belongs to its layer. */
  belongs: Belonging;
  /** What the network makes of each slice. */
  scores: number[] | null;
  /** How much each slice weighs for it, where it weighs them. */
  weights: number[] | null;
}

export interface ReadingPanes extends Surfaces {
  all: ReadingPane[];
  readonly shown: ReadingPane[];
  active: ReadingPane;
  /** The active pane's film. */
  readonly film: Film | null;
  readonly enlarged: boolean;
  /** Null where there is no WebGL2. */
  renderer: object | null;
  each(listener: (pane: ReadingPane) => void): void;
  onActivate(listener: (pane: ReadingPane) => void): void;
  activate(pane: ReadingPane): void;
  toggleLarge(pane: ReadingPane): void;
}

/** The page of a case, as its drawers see it. */
export interface ReadingPage {
  data: CaseData;
  panes: ReadingPanes;
  display: Display;
  regions: Regions;
  grid: { put(id: string, place: number): ReadingPane };
  image(id: string): ImageData | undefined;
  /** Asks the server what there is now. */
  refresh(): Promise<void>;
}

/** What a drawer lays over what a pane shows. */
export interface Laid {
  title: string;
  film?: Film;
  map?: LayerMap;
}

/** What a drawer has of all drawers. */
export interface Drawing {
  page: ReadingPage;
  /** Of the case. */
  address: string;
  /** What is kept of what is shown. */
  kept: KeptData[];
  lay(pane: ReadingPane, layer: Laid | null): void;
  /** Asks what is kept. */
  count(): Promise<void>;
}

/** What one finding becomes when the film is edited, see app/web/what_if.py. */
export interface ChangeData {
  finding: string;
  label: string;
  before: number;
  after: number;
  change: number;
}

/** What a network says of an edited film. */
export interface WhatIfData {
  id: string;
  /** The one that changed most comes first. */
  changes: ChangeData[];
  images: { image: string; pixels_url: string }[];
}

/** What a network said of a finding at every strength of a counterfactual, see app/web/counterfactuals.py. */
export interface SaidData {
  model: string;
  title: string;
  referee: boolean;
  shared: boolean;
  probabilities: number[];
  /** By how many of its own gaps its answer has moved; null: nobody measured its gap. */
  moved: (number | null)[];
  /** How a referee does at strength 1; "" where nobody can tell. */
  follows: "" | "follows" | "alone" | "elsewhere";
}

/** What would have to change on a film, or on slices of a stack, for another answer. */
export interface CounterfactualData {
  id: string;
  /** The film, or the slice that changes most. */
  image: string;
  /** The film, or the slices that change. */
  images: string[];
  /** Of an exam the plane that is changed, in the reader's language; "" for a film. */
  plane: string;
  way: string;
  finding: string;
  direction: -1 | 1;
  strengths: number[];
  said: SaidData[];
  changes: ChangeData[];
  pixels: number;
  inside: number | null;
  ratio: [number, number, number] | null;
  recess: [number, number, number] | null;
  doubts: { name: string; sentence: string }[];
  seconds: number;
  pixels_url: string;
}

/** Where a layer is above a threshold, as an area of what if. */
export interface Hot {
  kind: "hot";
  /** The layer's id. */
  explanation: string;
  threshold: number;
  /** The images that it lies on, none for all. */
  images?: string[];
}

export interface EditData {
  areas: (Area | Hot)[];
  fill: string;
  outside: boolean;
}

/** A what-if that is kept with the case. */
export interface KeptData {
  id: string;
  stack: string;
  image: string;
  changes: ChangeData[];
  edits: EditData[];
}

/** A stage of a network: height × width values from `offset` on. */
export interface StageData {
  name: string;
  height: number;
  width: number;
  offset: number;
  /** The sum that conservation keeps. */
  total: number;
  /** Not: neurons without a place. */
  spatial: boolean;
  /** Of its cells; it is drawn over the strip's. */
  extent: Extent;
  minimum: number;
  maximum: number;
}

/** How relevance stands at every stage, see app/web/stages.py. */
export interface StagesData {
  id: string;
  extent: Extent;
  stages: StageData[];
  values_url: string;
}

/** What a reader says of a map, as it is sent. */
export type Said = Pick<
  ReviewData,
  "stack" | "model" | "model_sha256" | "method" | "finding" | "verdict" | "reason" | "comment" | "regions"
>;

/** A verdict as a page has it: its region as shapes that know their image. What only the server says comes once it is stored. */
export type Verdict = Omit<Said, "regions"> & Pick<ReviewData, "created_at"> & Partial<Pick<ReviewData, "id" | "measures">> & {
  region: Region | null;
};

/** What a step of judging did to one map. */
export interface JudgedStep {
  key: string;
  /** What was in force. */
  before: Verdict | null;
  body: Said;
  /** The op behind which it went. */
  after: Op | undefined;
  /** Of what became of it, "" while it is on its way. */
  id: string;
  undone: boolean;
  op: Op;
}

/** What a step did to the region of a stack for a finding. */
export interface DrawnStep {
  before: Region | null;
  after: Region | null;
  /** The stack. */
  image: string;
  finding: string;
  /** No verdict had it. */
  loose: boolean;
}
