// Colour maps, as 33 evenly spaced colours each (sRGB, hexadecimal), interpolated linearly between them. viridis, cividis and
// magma are perceptually uniform (CC0, from matplotlib); coolwarm (K. Moreland) and berlin (F. Crameri, MIT) are diverging:
// blue for negative, red for positive, light or dark at zero; puor (C. Brewer, five colours) is purple and orange, for maps
// whose ends are not for and against. There is no jet, rainbow or turbo on purpose.

/** @type {Record<string, string>} */
const STOPS = {
  viridis:
    "440154470d6048186a482374472d7b4537814240863e49893b528b375b8d33638d2f6b8e2c728e297a8e26828e23898e21918c" +
    "1f988b1fa08822a78528ae8032b67a3fbc734ec36b5ec96270cf5784d44b98d83eaddc30c2df23d8e219ece51bfde725",
  cividis:
    "00224e00285b002e6a0533711a386f273e6e32436d3b496c434e6c4b546c535a6d5a5f6e61656f686a716f70737676767d7c78" +
    "8482798c8878938e789b9476a39a74aba072b4a76fbcae6cc4b468cdbb63d5c25edec958e7d150f0d846f9e03afee838",
  magma:
    "0000040303120a0822130d341d114729115a36106b440f7651127c5d177f6a1c81762181832681902a819c2e7faa337db73779" +
    "c43c75d0416fdc4869e75263ef5d5ef56b5cf9795dfc8961fd9869fea772feb67cfec488fed395fde2a3fcf0b2fcfdbf",
  coolwarm:
    "3b4cc0445acc4e68d85875e16282ea6c8ff1779af782a6fb8db0fe98b9ffa3c2feaec9fcb9d0f9c3d5f4ccd9edd5dbe5dddcdc" +
    "e5d8d1ecd3c5f1ccb8f5c4acf7ba9ff7b093f6a586f4987af08b6eeb7d62e46e56dd5f4bd44e41ca3b37be242eb40426",
  berlin:
    "9eb0ff8caef679abed65a7e2519fd34194c13685ad2e76992868862259731d4b61183d4f14303e11242e111a20121214190c09" +
    "220c022b0e013510004112014d16025b1d086c27117d341e8e422e9e513fae6051be6f63ce7f76df8f89f09f9cffadad",
  puor:
    "5e3c99684aa07358a77e66ae8874b69281bd9d8fc4a89dcbb2abd2bbb4d7c3bedbccc8e0d4d1e4dddae9e6e4eeeeeef2f7f7f7" +
    "f8efe4f8e7d2f9dfc0fad8adfbd09afcc888fcc076fdb863faad57f7a24af4973ef28c32ef8226ec771ae96c0de66101",
};

/** Colours of classes 1, 2, 3 …, over again after the last (app/render/colours.py). Class 0 is nothing. */
const CLASSES = [
  "e69f00", "56b4e9", "009e73", "f0e442", "0072b2", "d55e00", "cc79a7", "8dd3c7", "bebada", "fb8072", "b3de69", "fccde5",
];

export const UNSIGNED = ["viridis", "cividis", "magma"];
export const SIGNED = ["coolwarm", "berlin"];
/** Maps of influence look as the other signed ones, or have colours of their own. */
export const INFLUENCE = ["", "puor"];

/**
 * A colour map as 256 RGBA octets, from the lowest value to the highest. "steps 4" has five flat colours, for counts from 0 to
 * 4, taken from cividis: what is counted is ordered, and no reader should take it for one method's map.
 * @param {string} name
 */
export function table(name) {
  const steps = /^steps (\d+)$/.exec(name);
  if (steps) return flat(Number(steps[1]));
  if (name === "classes") return classes();
  if (name === "grey") return Uint8ClampedArray.from({ length: 1024 }, (_, i) => (i % 4 === 3 ? 255 : i >> 2));
  const stops = STOPS[name];
  const out = new Uint8ClampedArray(256 * 4);
  for (let i = 0; i < 256; i += 1) {
    const at = (i / 255) * 32;
    const low = Math.min(31, Math.floor(at));
    for (let c = 0; c < 3; c += 1) {
      const a = channel(stops, low, c);
      const b = channel(stops, low + 1, c);
      out[i * 4 + c] = a + (b - a) * (at - low);
    }
    out[i * 4 + 3] = 255;
  }
  return out;
}

/**
 * Red, green or blue (0, 1, 2) of one of the 33 colours, 0 to 255.
 * @param {string} stops
 * @param {number} colour
 * @param {number} part
 */
function channel(stops, colour, part) {
  const from = colour * 6 + part * 2;
  return parseInt(stops.slice(from, from + 2), 16);
}

/** @param {number} steps */
function flat(steps) {
  const smooth = table("cividis");
  const out = new Uint8ClampedArray(256 * 4);
  for (let i = 0; i < 256; i += 1) {
    const at = Math.round((Math.round((i / 255) * steps) / steps) * 255) * 4;
    out.set(smooth.subarray(at, at + 4), i * 4);
  }
  return out;
}

/** The colours of classes by number, as 256 RGBA octets; black and clear for class 0. */
function classes() {
  const out = new Uint8ClampedArray(256 * 4);
  for (let number = 1; number < 256; number += 1) {
    const colour = CLASSES[(number - 1) % CLASSES.length];
    for (let part = 0; part < 3; part += 1) out[number * 4 + part] = channel(colour, 0, part);
    out[number * 4 + 3] = 255;
  }
  return out;
}
