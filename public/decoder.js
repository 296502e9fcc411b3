// Loader of the camera's decoder (decoder/), which runs in a Web Worker so that decoding never blocks the page.
// A message holds the canvas pixels of a frame. The answer is the text that a scanner would send, or null.
importScripts("/decode.js");

const booting = wasm_bindgen({ module_or_path: "/decode_bg.wasm" });
booting.then(() => postMessage({ ready: true }), (error) => postMessage({ failed: String(error) }));

self.addEventListener("message", async ({ data: { width, height, pixels } }) => {
  let scan = null;
  try {
    await booting;
    scan = wasm_bindgen.decode(width, height, new Uint8Array(pixels)) ?? null;
  } catch (error) {
    // The next frame gets a new instance.
    console.error(error);
  }
  postMessage({ scan });
});
