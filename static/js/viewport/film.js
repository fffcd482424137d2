// One film's pixels: fetched once, kept as unsigned 16-bit values with a bias, halved step by step for small panes, and the windows
// it can be shown with. The arithmetic is that of app/grey.py. Knows no WebGL.

async function answer(url, signal) {
  const response = await fetch(url, { signal });
  if (!response.ok) throw new Error(`${response.status}`);
  return response;
}

/** Raw octets of an address; an error carries the status. */
export async function octets(url, signal) {
  return (await answer(url, signal)).arrayBuffer();
}

/**
 * Fetches one image of the payload. `levels[n]` is {data, width, height} at 2⁻ⁿ of the size, from the n-th = `first` on; a stored value is
 * `data[i] - bias`; `middle` and `range` are the 0.5th and 99.5th percentile and the ends of the values.
 */
export async function fetchFilm(image, signal) {
  const [pixels, lut] = await Promise.all([octets(image.pixels_url, signal), fetchLut(image, signal)]);
  const data = unsigned(new Uint16Array(pixels), image);
  if (data.length !== image.rows * image.columns) throw new Error("length");
  const bias = image.signed ? 32768 : 0;
  return { image, bias, first: 0, levels: pyramid(data, image.columns, image.rows), lut, ...spread(data, image, bias) };
}

/** The same film halved until it is small, to be shown until all of it is there; null for one that is small anyway. */
export async function fetchPreview(image, signal) {
  const first = image.halved;
  if (!first) return null;
  const [response, lut] = await Promise.all([answer(`${image.pixels_url}?halved=${first}`, signal), fetchLut(image, signal)]);
  const data = unsigned(new Uint16Array(await response.arrayBuffer()), image);
  const bias = image.signed ? 32768 : 0;
  const levels = [...Array(first), ...pyramid(data, image.columns >> first, image.rows >> first)];
  const [least, low, high, most] = response.headers.get("X-Spread").split(",").map((stored) => stored * image.slope + image.intercept);
  return { image, bias, first, levels, lut, middle: [low, high], range: [least, most] };
}

async function fetchLut({ voi_lut: lut }, signal) {
  return lut && { first: lut.first, top: 2 ** lut.bits - 1, data: new Uint16Array(await octets(lut.url, signal)) };
}

function unsigned(data, image) {
  if (image.signed) for (let i = 0; i < data.length; i += 1) data[i] ^= 0x8000;
  return data;
}

function pyramid(data, width, height) {
  const levels = [{ data, width, height }];
  while (Math.max(width, height) > 128) {
    const from = levels[levels.length - 1];
    width = Math.max(1, from.width >> 1);
    height = Math.max(1, from.height >> 1);
    levels.push({ data: halved(from, width, height), width, height });
  }
  return levels;
}

function halved({ data, width: stride, height: rows }, width, height) {
  const out = new Uint16Array(width * height);
  const right = stride > 1 ? 1 : 0;
  const below = rows > 1 ? stride : 0;
  for (let y = 0, o = 0; y < height; y += 1) {
    for (let x = 0, i = y * 2 * stride; x < width; x += 1, i += 2, o += 1) {
      out[o] = (data[i] + data[i + right] + data[i + below] + data[i + below + right] + 2) >> 2;
    }
  }
  return out;
}

// Percentiles of the stored values as numpy computes them: linear between the two nearest ranks.
function spread(data, image, bias) {
  const counts = new Uint32Array(65536);
  for (let i = 0; i < data.length; i += 1) counts[data[i]] += 1;
  const at = (share) => {
    const rank = share * (data.length - 1);
    const low = nth(counts, Math.floor(rank));
    return low + (nth(counts, Math.ceil(rank)) - low) * (rank - Math.floor(rank));
  };
  const value = (stored) => (stored - bias) * image.slope + image.intercept;
  return { middle: [value(at(0.005)), value(at(0.995))], range: [value(at(0)), value(at(1))] };
}

function nth(counts, rank) {
  let seen = 0;
  for (let v = 0; v < 65536; v += 1) {
    seen += counts[v];
    if (seen > rank) return v;
  }
  return 65535;
}

/** What the film can be shown with, the one it opens with first: [{label, window}]; window null is the film's VOI LUT. */
export function presets(film, strings) {
  const list = [];
  if (film.lut) list.push({ label: strings["window.lut"], window: null });
  for (const { centre, width, function: shape, label } of film.image.windows) {
    list.push({ label: label || strings["window.header"], window: { centre, width, shape } });
  }
  const [low, high] = film.middle;
  const whole = exact(...film.range);
  list.push({ label: strings["window.auto"], window: high > low ? exact(low, high) : whole });
  list.push({ label: strings["window.range"], window: whole });
  return list;
}

function exact(low, high) {
  return { centre: (low + high) / 2, width: Math.max(high - low, 1e-6), shape: "LINEAR_EXACT" };
}
