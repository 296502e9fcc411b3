// Starts the page. It is a file of its own because the content security policy allows no inline script.
import("/courses.js").then((app) => app.default({ module_or_path: "/courses_bg.wasm" }));
