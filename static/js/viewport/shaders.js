// The shaders of the two passes. SAMPLE looks up, for every pixel of the screen, the film's value and the map's colour and
// keeps both; it runs only where the view, the film or the map has changed. FINISH makes the picture of what is kept: VOI LUT
// or window → MONOCHROME1 inversion → the reader's inversion → the map's colour over it; dragging a window costs one look-up
// per pixel. Formulas as in app/grey.py (PS3.3 C.11.2.1) and as in `resample` of app/classifiers/classifier.py (bilinear
// between cell centres, clamped at the edge cells, nothing beyond the map's reach). `quick`, while a film is being moved by a
// rasteriser without a graphics card: the nearest film pixel and the hardware's own filter; a resting picture never uses it.

export const VERTEX = `#version 300 es
void main() {
  vec2 corner = vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0);
  gl_Position = vec4(corner, 0.0, 1.0);
}`;

const HEAD = `#version 300 es
precision highp float;
precision highp int;
precision highp usampler2D;
precision highp sampler2D;
const uint OUTSIDE = 0xffffffffu;
`;

/**
 * Red: the film's value as the bits of a float, or OUTSIDE. Green: the map's colour, 8 bits each, blue lowest; the top 8 say
 * how it is laid over the film: up to 253 with so many 253rds of the reader's opacity, 254 as it is, 255 as strongly as the map
 * is drawn, whatever the opacity. `soft`: over which share of the upper end colours come up above the threshold, 0 at once;
 * `lines`: lines at its quarters alone. Formulas as in app/render/laying.py. `reading` says what the map's values are: 0 a
 * scale of colours, 1 classes, 2 classes of which the outlines are drawn, 3 grey values, of which `part` takes the film's
 * place.
 */
export const SAMPLE = `${HEAD}
uniform usampler2D film;
uniform int level;
uniform vec2 filmScale;
uniform vec2 imageSize;
uniform vec3 toX;
uniform vec3 toY;
uniform float bias;
uniform float slope;
uniform float intercept;
uniform bool interpolated;
uniform bool quick;

uniform bool hasMap;
uniform sampler2D map;
uniform sampler2D colours;
uniform vec4 extent;
uniform vec4 reach;
uniform vec2 ends;
uniform float threshold;
uniform float soft;
uniform bool lines;
uniform bool smoothed;
uniform int reading;
uniform bool contours;
uniform float part;

out uvec2 kept;

float stored(ivec2 at) {
  return float(texelFetch(film, at, level).r) - bias;
}

float filmValue(vec2 p) {
  ivec2 size = textureSize(film, level);
  if (!interpolated || quick) return stored(clamp(ivec2(p * filmScale), ivec2(0), size - 1)) * slope + intercept;
  vec2 q = clamp(p * filmScale - 0.5, vec2(0.0), vec2(size - 1));
  ivec2 low = ivec2(q);
  ivec2 high = min(low + 1, size - 1);
  vec2 t = q - vec2(low);
  float above = mix(stored(low), stored(ivec2(high.x, low.y)), t.x);
  float below = mix(stored(ivec2(low.x, high.y)), stored(high), t.x);
  return mix(above, below, t.y) * slope + intercept;
}

float mapValue(vec2 share) {
  ivec2 size = textureSize(map, 0);
  vec2 q = share * vec2(size) - 0.5;
  if (quick && smoothed) return texture(map, share).r;
  if (!smoothed) return texelFetch(map, clamp(ivec2(floor(q + 0.5)), ivec2(0), size - 1), 0).r;
  q = clamp(q, vec2(0.0), vec2(size - 1));
  ivec2 low = ivec2(q);
  ivec2 high = min(low + 1, size - 1);
  vec2 t = q - vec2(low);
  float above = mix(texelFetch(map, low, 0).r, texelFetch(map, ivec2(high.x, low.y), 0).r, t.x);
  float below = mix(texelFetch(map, ivec2(low.x, high.y), 0).r, texelFetch(map, high, 0).r, t.x);
  return mix(above, below, t.y);
}

bool beside(vec2 share) {
  return any(lessThan(share, reach.xy)) || any(greaterThan(share, reach.zw));
}

vec2 within(vec2 p) {
  return (p - extent.xy) / (extent.zw - extent.xy);
}

#ifdef KINDS
int classOf(vec2 p) {
  vec2 at = within(p);
  if (beside(at)) return 0;
  ivec2 size = textureSize(map, 0);
  return int(texelFetch(map, clamp(ivec2(at * vec2(size)), ivec2(0), size - 1), 0).r + 0.5);
}

#endif

uint packed(vec3 colour, uint how) {
  uvec3 rgb = uvec3(colour * 255.0 + 0.5);
  return how << 24 | rgb.r << 16 | rgb.g << 8 | rgb.b;
}

#ifdef KINDS
uint classColour(int number) {
  return packed(texelFetch(colours, ivec2(clamp(number, 0, 255), 0), 0).rgb, 253u);
}

// The line runs inside its class, two pixels of the screen wide, on a dark one that is seen on any film.
uint outlineColour(vec2 p, vec2 right, vec2 down) {
  int here = classOf(p);
  for (int ring = 1; ring <= 3; ring += 1) {
    vec2 x = right * float(ring);
    vec2 y = down * float(ring);
    int most = max(max(classOf(p + x), classOf(p - x)), max(classOf(p + y), classOf(p - y)));
    int least = min(min(classOf(p + x), classOf(p - x)), min(classOf(p + y), classOf(p - y)));
    if (most == here && least == here) continue;
    if (here > 0 && ring <= 2) return packed(texelFetch(colours, ivec2(min(here, 255), 0), 0).rgb, 254u);
    return packed(vec3(0.0), 254u);
  }
  return 0u;
}

// Lines at a quarter, a half and three quarters: where a neighbour on the screen lies in another quarter.
bool contour(vec2 p, vec2 right, vec2 down) {
  float here = floor(mapValue(within(p)) * 4.0);
  return floor(mapValue(within(p + right)) * 4.0) != here || floor(mapValue(within(p + down)) * 4.0) != here;
}

#endif

float strengthOf(float value) {
  return ends.x < 0.0 ? abs(value) / ends.y : value / ends.y;
}

uint laid(float value, uint how) {
  float place = clamp((value - ends.x) / (ends.y - ends.x), 0.0, 1.0);
  return packed(texelFetch(colours, ivec2(int(place * 255.0 + 0.5), 0), 0).rgb, how);
}

uint scaleColour(float value) {
  float strength = strengthOf(value);
  if (!(strength > 0.0 && strength >= threshold)) return 0u;
  float share = soft > 0.0 ? clamp((strength - threshold) / soft, 0.0, 1.0) : 1.0;
  return laid(value, uint(share * 253.0 + 0.5));
}

#ifdef KINDS
// Which quarter of the upper end a value lies in; 0 in the first, and where a line would lie below the threshold.
int band(float value) {
  int quarter = min(int(max(strengthOf(value), 0.0) * 4.0), 3);
  if (float(quarter) / 4.0 < threshold) return 0;
  return ends.x < 0.0 && value < 0.0 ? -quarter : quarter;
}

// A line where a neighbour on the screen lies in another quarter, in the colour of the end of the higher one.
uint lineColour(vec2 p, vec2 right, vec2 down) {
  int here = band(mapValue(within(p)));
  int most = here;
  bool found = false;
  for (int side = 0; side < 2; side += 1) {
    vec2 at = within(side == 0 ? p + right : p + down);
    if (beside(at)) continue;
    int there = band(mapValue(at));
    if (there == here) continue;
    found = true;
    if (abs(there) > abs(most)) most = there;
  }
  if (!found) return 0u;
  return laid(float(sign(most) * min(abs(most) + 1, 4)) / 4.0 * ends.y, 255u);
}
#endif

#ifdef KINDS
uint mapColour(vec2 p, vec2 right, vec2 down) {
  if (reading == 2) return outlineColour(p, right, down);
  vec2 at = within(p);
  if (beside(at)) return 0u;
  if (reading == 1) {
    int number = classOf(p);
    return number > 0 ? classColour(number) : 0u;
  }
  if (lines) return lineColour(p, right, down);
  bool lined = contours && !beside(within(p + right)) && !beside(within(p + down));
  if (lined && contour(p, right, down)) return packed(vec3(1.0), 254u);
  return scaleColour(mapValue(at));
}

float greyAt(vec2 p) {
  float film = filmValue(p);
  vec2 at = within(p);
  if (!hasMap || reading != 3 || beside(at)) return film;
  return mix(film, mapValue(at), part);
}
#endif

void main() {
  vec3 at = vec3(gl_FragCoord.xy, 1.0);
  vec2 p = vec2(dot(toX, at), dot(toY, at));
  if (any(lessThan(p, vec2(0.0))) || any(greaterThanEqual(p, imageSize))) {
    kept = uvec2(OUTSIDE, 0u);
    return;
  }
#ifdef KINDS
  vec2 right = vec2(toX.x, toY.x);
  vec2 down = vec2(toX.y, toY.y);
  kept = uvec2(floatBitsToUint(greyAt(p)), hasMap && reading != 3 ? mapColour(p, right, down) : 0u);
#else
  uint over = 0u;
  if (hasMap) {
    vec2 share = within(p);
    if (!beside(share)) over = scaleColour(mapValue(share));
  }
  kept = uvec2(floatBitsToUint(filmValue(p)), over);
#endif
}`;

/** SAMPLE for layers that are no scale of colours alone: what they ask for costs a rasteriser without a graphics card much. */
export const SAMPLE_KINDS = SAMPLE.replace("\n", "\n#define KINDS\n");

export const FINISH = `${HEAD}
uniform usampler2D cells;
uniform int shape;
uniform float centre;
uniform float width;
uniform usampler2D lut;
uniform int lutFirst;
uniform int lutSize;
uniform float lutTop;
uniform bool negative;
uniform float opacity;
uniform float strength;
uniform bool alone;

out vec4 colour;

float windowed(float value) {
  if (shape == 3) {
    int index = clamp(int(roundEven(value)) - lutFirst, 0, lutSize - 1);
    return float(texelFetch(lut, ivec2(index & 1023, index >> 10), 0).r) / lutTop;
  }
  if (shape == 2) return 1.0 / (1.0 + exp(clamp(-4.0 * (value - centre) / width, -80.0, 80.0)));
  if (shape == 1) return (value - centre) / width + 0.5;
  if (width <= 1.0) return value > centre - 0.5 ? 1.0 : 0.0;
  return (value - (centre - 0.5)) / (width - 1.0) + 0.5;
}

void main() {
  uvec2 kept = texelFetch(cells, ivec2(gl_FragCoord.xy), 0).rg;
  if (kept.r == OUTSIDE) {
    colour = vec4(0.0, 0.0, 0.0, 1.0);
    return;
  }
  float grey = clamp(windowed(uintBitsToFloat(kept.r)), 0.0, 1.0);
  vec3 shown = alone ? vec3(0.0) : vec3(negative ? 1.0 - grey : grey);
  if (kept.g != 0u) {
    vec3 over = vec3(kept.g >> 16 & 255u, kept.g >> 8 & 255u, kept.g & 255u) / 255.0;
    uint how = kept.g >> 24;
    float share = how > 253u ? 1.0 : float(how) / 253.0 * (alone ? 1.0 : opacity);
    shown = mix(shown, over, how == 254u ? 1.0 : share * strength);
  }
  colour = vec4(shown, 1.0);
}`;
