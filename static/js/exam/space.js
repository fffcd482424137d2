// Where slices lie in the patient: DICOM's Image Plane geometry (PS3.3 C.7.6.2.1.1). A slice is {rows, columns, spacing: [between rows,
// between columns], position: the centre of the first pixel, axes: along a row, then down a column}; patient coordinates are mm, to the
// left, to the back, to the head. Image coordinates are those of viewport/geometry.js: pixel (r, c) covers [c, c+1) × [r, r+1).

const LETTERS = [["L", "R"], ["P", "A"], ["H", "F"]];

/** Whether a slice says where it lies. */
export function lies(slice) {
  return Boolean(slice?.position && slice.axes && slice.spacing);
}

/** Whether places in two stacks compare: in one frame of reference; where the files name none, in one series. */
export function shares(a, b) {
  return a.space === b.space && (a.space !== "" || a.series === b.series);
}

/** The direction across a slice, a unit vector. */
export function normal({ axes: [a, b, c, d, e, f] }) {
  return [b * f - c * e, c * d - a * f, a * e - b * d];
}

export function dot(a, b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/** Patient coordinates of an image point. */
export function patient({ position, axes, spacing }, x, y) {
  const along = (x - 0.5) * spacing[1];
  const down = (y - 0.5) * spacing[0];
  return [0, 1, 2].map((i) => position[i] + axes[i] * along + axes[3 + i] * down);
}

/** A patient point on a slice: {x, y} in image coordinates under it, and `away`, mm along the slice's normal. */
export function onSlice(slice, point) {
  const { position, axes, spacing } = slice;
  const from = [0, 1, 2].map((i) => point[i] - position[i]);
  return {
    x: dot(from, axes.slice(0, 3)) / spacing[1] + 0.5,
    y: dot(from, axes.slice(3, 6)) / spacing[0] + 0.5,
    away: dot(from, normal(slice)),
  };
}

/** The slice nearest to a patient point, the first of equals: {at, x, y, away}; null where no slice says where it lies. */
export function nearest(slices, point) {
  let best = null;
  slices.forEach((slice, at) => {
    if (!lies(slice)) return;
    const found = onSlice(slice, point);
    if (!best || Math.abs(found.away) < Math.abs(best.away)) best = { at, ...found };
  });
  return best;
}

/** Where the rectangle of another slice cuts a slice: two points in the slice's image coordinates; null where it does not. */
export function crossing(slice, other) {
  if (!lies(slice) || !lies(other) || Math.abs(dot(normal(slice), normal(other))) > 0.999) return null;
  const corners = [[0, 0], [other.columns, 0], [other.columns, other.rows], [0, other.rows]].map(([x, y]) => patient(other, x, y));
  const ends = [];
  corners.forEach((from, at) => {
    const to = corners[(at + 1) % 4];
    const [a, b] = [onSlice(slice, from), onSlice(slice, to)];
    if (a.away >= 0 === b.away >= 0) return;
    const share = a.away / (a.away - b.away);
    ends.push([a.x + (b.x - a.x) * share, a.y + (b.y - a.y) * share]);
  });
  return ends.length === 2 ? ends : null;
}

/** A slice's place as readers say it, by the axis it is stacked along: {letter, mm}, of the slice's middle; null when unknown. */
export function spoken(slice) {
  if (!lies(slice)) return null;
  const across = normal(slice).map(Math.abs);
  const axis = across.indexOf(Math.max(...across));
  const mm = patient(slice, slice.columns / 2, slice.rows / 2)[axis];
  return { letter: LETTERS[axis][mm < 0 ? 1 : 0], mm: Math.abs(mm) };
}

/** Half the distance to the neighbour that lies farther, in mm: how far a point may lie from a slice and still belong to it. */
export function half(slices, at) {
  const near = [slices[at - 1], slices[at + 1]].filter(lies);
  if (!near.length || !lies(slices[at])) return Infinity;
  return Math.max(...near.map((other) => Math.abs(onSlice(slices[at], other.position).away))) / 2;
}
