// Starts the office's page, with the theme that was chosen in the app.

const root = document.documentElement;
try {
  const { theme } = JSON.parse(localStorage.getItem("lotbook.preferences") ?? "{}");
  if (["light", "dark", "contrast"].includes(theme)) root.dataset.theme = theme;
} catch {
  // Storage is not available: use the device's colour scheme.
}

import("/office.js")
  .then((office) => office.default({ module_or_path: "/office_bg.wasm" }))
  .catch((error) => {
    console.error(error);
    document.querySelector("[role=status]").textContent = "Lotbook could not start. Reload the page, or update the browser.";
  });
