// The loader of the camera's decoder (decoder/), in a Web Worker of its own so that the page never waits for a picture to be read.
// A message is a frame as a canvas has it; the answer is what a scanner would have sent, or null.
importScripts("/decode.js");

const booting = wasm_bindgen({ module_or_path: "/decode_bg.wasm" });
booting.then(() => postMessage({ ready: true }), (error) => postMessage({ failed: String(error) }));

self.addEventListener("message", async ({ data: { width, height, pixels } }) => {
  let scan = null;
  try {
    await booting;
    scan = wasm_bindgen.decode(width, height, new Uint8Array(pixels)) ?? null;
  } catch (error) {
    // The next frame gets a fresh instance.
    console.error(error);
  }
  postMessage({ scan });
});
