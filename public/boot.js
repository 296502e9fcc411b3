// Starts the app. When the start fails, or the running app stops on an error it cannot survive, a reload is offered
// instead of a blank or frozen page.
const offerReload = (error) => {
  console.error(error);
  if (document.querySelector("dialog.stopped")) return;
  const dialog = document.createElement("dialog");
  dialog.className = "stopped";
  dialog.setAttribute("role", "alertdialog");
  dialog.setAttribute("aria-labelledby", "stopped-title");
  dialog.innerHTML = `<h1 id="stopped-title">Lotbook has stopped</h1>
    <p>What you saved is safe on this device. Reload to go on.</p>
    <button type="button" autofocus>Reload</button>`;
  dialog.querySelector("button").addEventListener("click", () => location.reload());
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  document.body.append(dialog);
  dialog.showModal();
};

// The browser's own bars, in the ground's colour (public/lotbook.css), also when another theme is chosen later.
const ground = { light: "#f4f6f3", dark: "#0f1613", contrast: "#ffffff" };
const bars = [...document.querySelectorAll("meta[name=theme-color]")].map((meta) => [meta, meta.content]);
const colourBars = () => {
  const chosen = ground[document.documentElement.dataset.theme];
  bars.forEach(([meta, own]) => (meta.content = chosen ?? own));
};
new MutationObserver(colourBars).observe(document.documentElement, { attributeFilter: ["data-theme"] });

try {
  const { theme } = JSON.parse(localStorage.getItem("lotbook.preferences") ?? "{}");
  if (theme in ground) document.documentElement.dataset.theme = theme;
} catch {
  // Where nothing is kept, the device's own colours count.
}

const onTrap = ({ error, reason }) => {
  if ((error ?? reason) instanceof WebAssembly.RuntimeError) offerReload(error ?? reason);
};
addEventListener("error", onTrap);
addEventListener("unhandledrejection", onTrap);

import("/app.js").then((app) => app.default({ module_or_path: "/app_bg.wasm" })).catch(offerReload);
