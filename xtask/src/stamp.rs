//! Post-processes Trunk's output: shrinks the wasm, names files by their content, and stamps the service
//! worker with the build's id and the list of files for offline use.
//!
//! A file called `name-<16 hex digits>.ext` never changes under that name, so browsers may cache it forever.
//! All changes are made in Trunk's staging folder: on a failure, the old `dist/` stays unchanged.

use crate::build::IS_TRIAL;
use crate::compress::compress;
use crate::shrink::{pairs, shrink, shrink_code};
use crate::split::{REST, split};
use crate::tools::Tools;
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

const LOADER: &str = "sw.js";
const BOOT: &str = "boot.js";
const OFFICE_START: &str = "start-office.js";
const PAGE: &str = "index.html";
/// The program of Lotbook's worker.
const WORKER: &str = "worker";
/// Loads the camera's decoder. It refers to the other two files, and the page refers to it.
const DECODER_LOADER: &str = "decoder.js";
/// Files that are fetched only on demand; `worker/src/main.rs` contains the same names.
const ON_DEMAND: [&str; 3] = [DECODER_LOADER, "decode.js", "decode_bg.wasm"];
/// Files of the office's page, which works only online.
const ONLINE: [&str; 5] = ["office.html", "start-office.js", "office.css", "office.js", "office_bg.wasm"];
const LOTBOOK: Parts<'static> = Parts { worker: WORKER, on_demand: &ON_DEMAND, online: &ONLINE };
/// The prefix of the line in the loader that is replaced by this build's description.
const BUILD_LINE: &str = "const BUILD = ";
const HASH_DIGITS: usize = 16;
/// This build as written into `public/sw.js`; parsed by `sw/src/precache.rs`.
#[derive(Serialize)]
struct Build {
    id: String,
    glue: String,
    wasm: String,
    files: Vec<PrecachedFile>,
    on_demand: Vec<PrecachedFile>,
}

#[derive(Serialize)]
struct PrecachedFile {
    path: String,
    sha256: String,
}

/// The options of `stamp`.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// The app is an example of this name: it is named and listed, but neither split nor made smaller
    #[arg(long, value_name = "NAME")]
    example: Option<String>,
}

/// The parts of an app that are not simply cached.
struct Parts<'a> {
    /// The worker's program.
    worker: &'a str,
    /// Files that are fetched only on demand.
    on_demand: &'a [&'a str],
    /// Files that are never cached by the worker.
    online: &'a [&'a str],
}

/// Called by Trunk's hook. A debug build is only split: its worker caches no files, so it never serves stale
/// ones.
pub(crate) fn from_trunk(options: &Options) -> Result<()> {
    let staging = env::var_os("TRUNK_STAGING_DIR").map(PathBuf::from);
    let staging =
        staging.context("TRUNK_STAGING_DIR is not set; run `trunk build --release`, which calls this")?;
    let is_debug = env::var("TRUNK_PROFILE").is_ok_and(|profile| profile == "debug");
    if let Some(name) = &options.example {
        ensure!(!is_debug, "an example is built with `cargo xtask example {name}`");
        let id = stamp(&staging, &Parts { worker: &format!("{name}-worker"), on_demand: &[], online: &[] })?;
        println!("stamped build {id}");
        return Ok(());
    }
    let workspace = Workspace::find()?;
    let tools = Tools::new(&workspace)?;
    split(&workspace.linked_app(is_debug), &workspace.target.join("split"), &staging, &tools)?;
    if is_debug {
        return Ok(());
    }
    if env::var_os(IS_TRIAL).is_some() {
        println!("stamped build {}, for a first look", stamp(&staging, &LOTBOOK)?);
        return Ok(());
    }
    if tools.wasm_opt().is_none() {
        println!("no wasm-opt of a usable version: the wasm files stay larger than they could be");
    }
    let mut modules = pairs(&staging, &files(&staging)?);
    modules.push((None, staging.join(REST)));
    let cache = workspace.target.join("shrunk");
    modules.par_iter().try_for_each(|(glue, wasm)| match glue {
        Some(glue) => shrink(glue, wasm, &cache, &tools),
        None => shrink_code(wasm, &cache, &tools),
    })?;
    let id = stamp(&staging, &LOTBOOK)?;
    files(&staging)?.par_iter().try_for_each(|file| compress(&staging.join(file)))?;
    println!("stamped build {id}");
    Ok(())
}

/// Names the files by content, writes the build into the loader and returns its id.
fn stamp(staging: &Path, parts: &Parts<'_>) -> Result<String> {
    let names = name_by_content(staging)?;
    let loader = read_text(&staging.join(LOADER))?;
    let mut precached = Vec::new();
    let is_online = |file: &String| {
        parts
            .online
            .iter()
            .any(|name| file == name || names.get(*name).is_some_and(|renamed| renamed == file))
    };
    for file in files(staging)?.into_iter().filter(|file| file != LOADER && !is_online(file)) {
        let sha256 = hash(&read(&staging.join(&file))?);
        precached.push(PrecachedFile { path: format!("/{file}"), sha256 });
    }
    let renamed =
        |name: &str| names.get(name).map(|name| format!("/{name}")).with_context(|| not_built(name));
    let id = build_id(&loader, &precached);
    let glue = renamed(&format!("{}.js", parts.worker))?;
    let wasm = renamed(&format!("{}_bg.wasm", parts.worker))?;
    // The browser itself caches a worker's imports.
    precached.retain(|file| file.path != glue);
    let on_demand_names = parts.on_demand.iter().map(|name| renamed(name)).collect::<Result<Vec<_>>>()?;
    let (on_demand, precached) = precached.into_iter().partition(|file| on_demand_names.contains(&file.path));
    let build = Build { id: id.clone(), glue, wasm, files: precached, on_demand };
    write(&staging.join(LOADER), &with_build(&loader, &serde_json::to_string(&build)?)?)?;
    Ok(id)
}

/// Renames code and styles, referenced files first, and returns a map from old to new names.
fn name_by_content(staging: &Path) -> Result<BTreeMap<String, String>> {
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut top: Vec<String> = files(staging)?.into_iter().filter(|file| !file.contains('/')).collect();
    top.sort_by_key(|file| rank(file));
    for file in top {
        let path = staging.join(&file);
        if !file.ends_with(".wasm") {
            let text = read_text(&path)?;
            let text = names.iter().fold(text, |text, (old, new)| with_name(&text, old, new));
            write(&path, &text)?;
        }
        if let Some((stem, extension)) = file.rsplit_once('.').filter(|_| rank(&file) < Rank::Page) {
            let name = format!("{stem}-{}.{extension}", &hash(&read(&path)?)[..HASH_DIGITS]);
            fs::rename(&path, staging.join(&name)).with_context(|| format!("{file} cannot be renamed"))?;
            names.insert(file, name);
        }
    }
    ensure!(names.contains_key(BOOT), not_built(BOOT));
    Ok(names)
}

/// The order in which files are renamed; each may refer only to those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Leaf,
    Glue,
    /// Refers to glue: starts the app, or the decoder.
    Start,
    /// Keeps its name, as do all variants after it.
    Page,
}

fn rank(file: &str) -> Rank {
    match file.rsplit_once('.') {
        _ if file == LOADER => Rank::Page,
        _ if [BOOT, OFFICE_START, DECODER_LOADER].contains(&file) => Rank::Start,
        Some((_, "js")) => Rank::Glue,
        Some((_, "css" | "wasm")) => Rank::Leaf,
        _ => Rank::Page,
    }
}

/// Replaces a file's name, except where it is the end of a longer name.
fn with_name(text: &str, old: &str, new: &str) -> String {
    let mut pieces = text.split(old);
    let mut result = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let alone = !result.ends_with(|c: char| c.is_ascii_alphanumeric() || "_-.".contains(c));
        result.push_str(if alone { new } else { old });
        result.push_str(piece);
    }
    result
}

fn with_build(loader: &str, build: &str) -> Result<String> {
    let lines = loader.lines().map(|line| {
        if line.starts_with(BUILD_LINE) { format!("{BUILD_LINE}{build};") } else { line.to_owned() }
    });
    match loader.lines().filter(|line| line.starts_with(BUILD_LINE)).count() {
        1 => Ok(lines.map(|line| line + "\n").collect()),
        found => bail!("public/{LOADER} must have one line that begins with `{BUILD_LINE}`; it has {found}"),
    }
}

fn build_id(loader: &str, precached: &[PrecachedFile]) -> String {
    let list: String = precached.iter().map(|file| format!("{} {}\n", file.sha256, file.path)).collect();
    hash(format!("{list}{loader}").as_bytes())[..HASH_DIGITS].to_owned()
}

fn hash(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Every file below a folder as a relative path with `/`, sorted.
fn files(folder: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(current) = folders.pop() {
        let entries =
            fs::read_dir(&current).with_context(|| format!("{} cannot be read", current.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let parts: Vec<_> =
                    path.strip_prefix(folder)?.iter().map(|part| part.to_string_lossy()).collect();
                found.push(parts.join("/"));
            }
        }
    }
    found.sort();
    Ok(found)
}

fn not_built(file: &str) -> String {
    format!("Trunk did not put {file} into its staging folder; see the links in {PAGE}")
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
}

fn read_text(path: &Path) -> Result<String> {
    String::from_utf8(read(path)?).with_context(|| format!("{} is not text", path.display()))
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn staged() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in [
            ("app_bg.wasm", "\0asm app"),
            ("app.js", "new URL('app_bg.wasm', import.meta.url)"),
            ("worker_bg.wasm", "\0asm worker"),
            ("worker.js", "let wasm_bindgen;"),
            ("decode_bg.wasm", "\0asm decode"),
            ("decode.js", "let wasm_bindgen;"),
            ("decoder.js", "importScripts(\"/decode.js\"); fetch(\"/decode_bg.wasm\")"),
            ("boot.js", "import(\"/app.js\").then((app) => app.default(\"/app_bg.wasm\"))"),
            ("lotbook.css", "body { margin: 0 }"),
            ("office.css", ".office {}"),
            ("office_bg.wasm", "\0asm office"),
            ("office.js", "new URL('office_bg.wasm', import.meta.url)"),
            ("start-office.js", "import(\"/office.js\").then((it) => it.default(\"/office_bg.wasm\"))"),
            (
                "office.html",
                "<script src=\"/start-office.js\"></script><link href=\"/lotbook.css\"><link href=\"/office.css\">",
            ),
            (
                "index.html",
                "<script src=\"/boot.js\"></script><link href=\"/lotbook.css\"><meta content=\"/decoder.js\">",
            ),
            ("sw.js", "const BUILD = { id: \"dev\" }; // stamped\nimportScripts(BUILD.glue);\n"),
        ] {
            fs::write(folder.path().join(name), content).unwrap();
        }
        fs::create_dir(folder.path().join("icons")).unwrap();
        fs::write(folder.path().join("icons/lotbook.svg"), "<svg/>").unwrap();
        folder
    }

    #[test]
    fn every_name_referred_to_exists_and_every_listed_file_has_its_checksum() {
        let folder = staged();
        let id = stamp(folder.path(), &LOTBOOK).unwrap();
        let loader = read_text(&folder.path().join(LOADER)).unwrap();
        let line = loader.lines().next().unwrap();
        let json = line.strip_prefix(BUILD_LINE).unwrap().strip_suffix(';').unwrap();
        let build: serde_json::Value = serde_json::from_str(json).unwrap();
        assert_eq!(build["id"], id.as_str());
        for file in build["files"].as_array().unwrap() {
            let path = folder.path().join(file["path"].as_str().unwrap().trim_start_matches('/'));
            assert_eq!(file["sha256"], hash(&read(&path).unwrap()).as_str());
        }
        for name in ["glue", "wasm"] {
            assert!(folder.path().join(build[name].as_str().unwrap().trim_start_matches('/')).exists());
        }
        let listed: Vec<_> = build["files"].as_array().unwrap().iter().map(|file| &file["path"]).collect();
        assert!(listed.contains(&&serde_json::json!("/icons/lotbook.svg")));
        assert!(!listed.contains(&&build["glue"]));

        let on_demand: Vec<_> =
            build["on_demand"].as_array().unwrap().iter().map(|file| &file["path"]).collect();
        assert_eq!(on_demand.len(), 3);
        assert!(on_demand.iter().all(|path| !listed.contains(path)), "they wait until they are needed");

        assert!(!line.contains("office"), "the office works only online: {line}");
        let office = read_text(&folder.path().join("office.html")).unwrap();
        for mentioned in [1, 3, 5] {
            let path = office.split('"').nth(mentioned).unwrap();
            assert!(folder.path().join(path.trim_start_matches('/')).exists(), "{path}");
        }

        let page = read_text(&folder.path().join(PAGE)).unwrap();
        let decoder = page.split('"').nth(5).unwrap();
        let decoder = read_text(&folder.path().join(decoder.trim_start_matches('/'))).unwrap();
        for mentioned in [1, 3] {
            let path = decoder.split('"').nth(mentioned).unwrap();
            assert!(folder.path().join(path.trim_start_matches('/')).exists(), "{path}");
        }
        let boot = page.split('"').nth(1).unwrap();
        let boot = read_text(&folder.path().join(boot.trim_start_matches('/'))).unwrap();
        let app = boot.split('"').nth(1).unwrap();
        let app = read_text(&folder.path().join(app.trim_start_matches('/'))).unwrap();
        assert!(folder.path().join(app.split('\'').nth(1).unwrap()).exists());
    }

    #[test]
    fn the_same_content_has_the_same_id_and_any_change_has_another() {
        let stamp_with = |file: &str, content: &str| {
            let folder = staged();
            fs::write(folder.path().join(file), content).unwrap();
            stamp(folder.path(), &LOTBOOK).unwrap()
        };
        let id = stamp_with("lotbook.css", "body { margin: 0 }");
        assert_eq!(stamp_with("lotbook.css", "body { margin: 0 }"), id);
        assert_ne!(stamp_with("lotbook.css", "body { margin: 1px }"), id);
        assert_ne!(stamp_with("worker.js", "let other;"), id);
        assert_eq!(stamp_with("office.js", "export default 1"), id, "handhelds have no use for a new office");
        assert_ne!(stamp_with(LOADER, "const BUILD = {};\n// other\n"), id);
    }

    #[test]
    fn a_loader_without_its_build_line_is_refused() {
        assert!(with_build("importScripts('/worker.js');\n", "{}").is_err());
        assert!(with_build("const BUILD = 1;\nconst BUILD = 2;\n", "{}").is_err());
    }

    #[test]
    fn names_are_not_replaced_within_longer_names() {
        assert_eq!(
            with_name("'/app.js' './app.js' 'my-app.js'", "app.js", "app-1.js"),
            "'/app-1.js' './app-1.js' 'my-app.js'"
        );
    }
}
