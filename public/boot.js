// Starts the app. If the start fails, or the running app traps, it offers a reload instead of a blank or frozen page.

// Texts shown before the app's translations (public/languages) are loaded: opening, stopped, data is safe, reload, browser
// too old, update it.
const WORDS = {
  en: ["Opening Lotbook…", "Lotbook has stopped", "Your saved work is safe on this device. Reload to continue.", "Reload", "This browser is too old for Lotbook", "Update the browser, then open Lotbook again. Your saved work is safe on this device."],
  es: ["Abriendo Lotbook…", "Lotbook se ha detenido", "Su trabajo guardado está a salvo en este dispositivo. Recargue para seguir.", "Recargar", "Este navegador es demasiado antiguo para Lotbook", "Actualice el navegador y vuelva a abrir Lotbook. Su trabajo guardado está a salvo en este dispositivo."],
  de: ["Lotbook wird geöffnet…", "Lotbook ist stehen geblieben", "Die gespeicherte Arbeit ist auf diesem Gerät sicher. Neu laden, um weiterzumachen.", "Neu laden", "Dieser Browser ist zu alt für Lotbook", "Aktualisieren Sie den Browser und öffnen Sie Lotbook wieder. Die gespeicherte Arbeit ist auf diesem Gerät sicher."],
  ar: ["جارٍ فتح Lotbook…", "توقّف Lotbook", "عملك المحفوظ آمن على هذا الجهاز. أعد التحميل للمتابعة.", "إعادة التحميل", "هذا المتصفح أقدم من أن يشغّل Lotbook", "حدّث المتصفح ثم افتح Lotbook من جديد. عملك المحفوظ آمن على هذا الجهاز."],
};
const chosenLanguage = () => {
  try {
    return localStorage.getItem("lotbook.language");
  } catch {
    // Storage is not available: use the browser's language.
    return null;
  }
};
const language = [chosenLanguage(), ...navigator.languages.map((tag) => tag.slice(0, 2))].find((code) => code in WORDS) ?? "en";
const [opening, stopped, safe, reload, tooOld, update] = WORDS[language];
const root = document.documentElement;
root.lang = language;
root.dir = language === "ar" ? "rtl" : "ltr";
document.querySelector(".boot [role=status]").textContent = opening;

const offerReload = (error, title = stopped, text = safe) => {
  console.error(error);
  if (document.querySelector("dialog.stopped")) return;
  const dialog = document.createElement("dialog");
  dialog.className = "stopped";
  dialog.setAttribute("role", "alertdialog");
  dialog.setAttribute("aria-labelledby", "stopped-title");
  dialog.innerHTML = `<h1 id="stopped-title">${title}</h1><p>${text}</p><button type="button" autofocus>${reload}</button>`;
  dialog.querySelector("button").addEventListener("click", () => location.reload());
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  document.body.append(dialog);
  dialog.showModal();
};

// Colours the browser's bars like the page's background (public/lotbook.css), also when the theme changes later.
const ground = { light: "#f4f6f3", dark: "#0f1613", contrast: "#ffffff" };
const bars = [...document.querySelectorAll("meta[name=theme-color]")].map((meta) => [meta, meta.content]);
const colourBars = () => {
  const chosen = ground[root.dataset.theme];
  bars.forEach(([meta, own]) => (meta.content = chosen ?? own));
};
new MutationObserver(colourBars).observe(root, { attributeFilter: ["data-theme"] });

try {
  const { theme } = JSON.parse(localStorage.getItem("lotbook.preferences") ?? "{}");
  if (theme in ground) root.dataset.theme = theme;
} catch {
  // Storage is not available: use the device's colour scheme.
}

// Layouts are chosen by lengths in rem, so another text size is like another size of the window.
const rem = root.appendChild(document.createElement("i"));
rem.style.cssText = "position:fixed;width:1rem;visibility:hidden";
new ResizeObserver(() => dispatchEvent(new Event("resize"))).observe(rem);

const onTrap = ({ error, reason }) => {
  if ((error ?? reason) instanceof WebAssembly.RuntimeError) offerReload(error ?? reason);
};
addEventListener("error", onTrap);
addEventListener("unhandledrejection", onTrap);

// A module that uses only the 128-bit vector type: invalid in browsers without SIMD, which the app needs
// (.cargo/config.toml).
const SIMD = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123]);
import("/app.js")
  .then((app) => app.default({ module_or_path: "/app_bg.wasm" }))
  .catch((error) => (WebAssembly.validate(SIMD) ? offerReload(error) : offerReload(error, tooOld, update)));
