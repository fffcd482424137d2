// The two shaders. The fragment shader is the whole picture: film value → slope and intercept → VOI LUT or window → MONOCHROME1
// inversion → the reader's inversion → the map's colour over it. Formulas as in app/grey.py (PS3.3 C.11.2.1) and as in `resample`
// of app/classifiers/classifier.py (bilinear between cell centres, clamped at the edge cells, nothing outside the extent).

export const VERTEX = `#version 300 es
void main() {
  vec2 corner = vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0);
  gl_Position = vec4(corner, 0.0, 1.0);
}`;

export const FRAGMENT = `#version 300 es
precision highp float;
precision highp int;
precision highp usampler2D;
precision highp sampler2D;

uniform usampler2D film;
uniform int level;
uniform vec2 filmScale;
uniform vec2 imageSize;
uniform vec3 toX;
uniform vec3 toY;
uniform float bias;
uniform float slope;
uniform float intercept;

uniform int shape;
uniform float centre;
uniform float width;
uniform usampler2D lut;
uniform int lutFirst;
uniform int lutSize;
uniform float lutTop;
uniform bool negative;

uniform bool hasMap;
uniform sampler2D map;
uniform sampler2D colours;
uniform vec4 extent;
uniform vec2 ends;
uniform float threshold;
uniform float opacity;
uniform bool smoothed;

out vec4 colour;

float stored(ivec2 at) {
  return float(texelFetch(film, at, level).r) - bias;
}

float filmValue(vec2 p) {
  ivec2 size = textureSize(film, level);
  vec2 q = clamp(p * filmScale - 0.5, vec2(0.0), vec2(size - 1));
  ivec2 low = ivec2(q);
  ivec2 high = min(low + 1, size - 1);
  vec2 t = q - vec2(low);
  float above = mix(stored(low), stored(ivec2(high.x, low.y)), t.x);
  float below = mix(stored(ivec2(low.x, high.y)), stored(high), t.x);
  return mix(above, below, t.y) * slope + intercept;
}

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

float mapValue(vec2 share) {
  ivec2 size = textureSize(map, 0);
  vec2 q = share * vec2(size) - 0.5;
  if (!smoothed) return texelFetch(map, clamp(ivec2(floor(q + 0.5)), ivec2(0), size - 1), 0).r;
  q = clamp(q, vec2(0.0), vec2(size - 1));
  ivec2 low = ivec2(q);
  ivec2 high = min(low + 1, size - 1);
  vec2 t = q - vec2(low);
  float above = mix(texelFetch(map, low, 0).r, texelFetch(map, ivec2(high.x, low.y), 0).r, t.x);
  float below = mix(texelFetch(map, ivec2(low.x, high.y), 0).r, texelFetch(map, high, 0).r, t.x);
  return mix(above, below, t.y);
}

void main() {
  vec3 at = vec3(gl_FragCoord.xy, 1.0);
  vec2 p = vec2(dot(toX, at), dot(toY, at));
  if (any(lessThan(p, vec2(0.0))) || any(greaterThanEqual(p, imageSize))) {
    colour = vec4(0.0, 0.0, 0.0, 1.0);
    return;
  }
  float grey = clamp(windowed(filmValue(p)), 0.0, 1.0);
  if (negative) grey = 1.0 - grey;
  vec3 shown = vec3(grey);
  vec2 share = (p - extent.xy) / (extent.zw - extent.xy);
  if (hasMap && all(greaterThanEqual(share, vec2(0.0))) && all(lessThanEqual(share, vec2(1.0)))) {
    float value = mapValue(share);
    float strength = ends.x < 0.0 ? abs(value) / ends.y : value / ends.y;
    if (strength > 0.0 && strength >= threshold) {
      float place = clamp((value - ends.x) / (ends.y - ends.x), 0.0, 1.0);
      shown = mix(shown, texelFetch(colours, ivec2(int(place * 255.0 + 0.5), 0), 0).rgb, opacity);
    }
  }
  colour = vec4(shown, 1.0);
}`;
