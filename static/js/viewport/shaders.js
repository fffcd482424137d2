// The shaders of the two passes. SAMPLE looks up, for every pixel of the screen, the film's value and the map's colour and keeps
// both; it runs only where the view, the film or the map has changed. FINISH makes the picture of what is kept: VOI LUT or window →
// MONOCHROME1 inversion → the reader's inversion → the map's colour over it; dragging a window costs one look-up per pixel.
// Formulas as in app/grey.py (PS3.3 C.11.2.1) and as in `resample` of app/classifiers/classifier.py (bilinear between cell centres,
// clamped at the edge cells, nothing outside the extent). `quick`, while a film is being moved by a rasteriser without a graphics
// card: the nearest film pixel and the hardware's own filter; a resting picture never uses it.

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

/** Red: the film's value as the bits of a float, or OUTSIDE. Green: the map's colour, 8 bits each, blue lowest; the top 8 say "shown". */
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
uniform vec2 ends;
uniform float threshold;
uniform bool smoothed;

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

uint mapColour(vec2 p) {
  vec2 share = (p - extent.xy) / (extent.zw - extent.xy);
  if (any(lessThan(share, vec2(0.0))) || any(greaterThan(share, vec2(1.0)))) return 0u;
  float value = mapValue(share);
  float strength = ends.x < 0.0 ? abs(value) / ends.y : value / ends.y;
  if (!(strength > 0.0 && strength >= threshold)) return 0u;
  float place = clamp((value - ends.x) / (ends.y - ends.x), 0.0, 1.0);
  uvec3 rgb = uvec3(texelFetch(colours, ivec2(int(place * 255.0 + 0.5), 0), 0).rgb * 255.0 + 0.5);
  return 0xff000000u | rgb.r << 16 | rgb.g << 8 | rgb.b;
}

void main() {
  vec3 at = vec3(gl_FragCoord.xy, 1.0);
  vec2 p = vec2(dot(toX, at), dot(toY, at));
  if (any(lessThan(p, vec2(0.0))) || any(greaterThanEqual(p, imageSize))) {
    kept = uvec2(OUTSIDE, 0u);
    return;
  }
  kept = uvec2(floatBitsToUint(filmValue(p)), hasMap ? mapColour(p) : 0u);
}`;

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
  vec3 shown = vec3(negative ? 1.0 - grey : grey);
  if (kept.g != 0u) shown = mix(shown, vec3(kept.g >> 16 & 255u, kept.g >> 8 & 255u, kept.g & 255u) / 255.0, opacity);
  colour = vec4(shown, 1.0);
}`;
