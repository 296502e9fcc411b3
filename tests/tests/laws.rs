//! The repository's laws: dependencies between crates, words that the engine must not contain, code that must
//! not be shipped.
//!
//! Each law is a pure function that returns the violations, and has a test with a sample that violates it.
#![cfg(test)]

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use arrows::ARROWS;

#[path = "laws/arrows.rs"]
mod arrows;
#[path = "laws/documents.rs"]
mod documents;
#[path = "laws/example.rs"]
mod example;

const MAX_FILE_LINES: usize = 500;

/// The crate that may use all others.
const TESTS: &str = "tests";

/// The layers of `app/src` from the top down: folders, and files at the root without `.rs`. A file imports
/// from its own folder or from a layer below, so that it can be read without the layers above. Features stay
/// separate: shared code belongs to `goods`, `desk` or `ui`.
const FLOORS: &[&[&str]] = &[
    &["main"],
    &["frame"],
    &["inbox", "people", "settings", "stock"],
    &["reports", "selling", "sending", "work"],
    &["goods"],
    &["desk"],
    &["use_offline_sync", "use_today"],
    &["use_book"],
    &["book", "ui"],
    &["camera", "device", "route"],
    &["words"],
    &["rest"],
];

/// Words of the warehouse, singular. "Order" is not one of them, because the engine's text is about the order
/// of mutations.
const NOUNS: &[&str] = &[
    "aisle",
    "barcode",
    "bin",
    "gtin",
    "inventory",
    "lot",
    "pallet",
    "product",
    "shelf",
    "sku",
    "stock",
    "supplier",
    "warehouse",
];

/// Code that can panic, or was left over from debugging.
const NOT_SHIPPED: &[&str] = &[".unwrap()", ".expect(\"", "todo!(", "unimplemented!(", "dbg!("];

/// Test code in a crate's sources, for the tests of other crates.
const SHARED_SUITE: &str = "conformance.rs";
/// A component outside its provider cannot return an error.
const CONTEXT_HOOK: &str = "use_provided.rs";
/// The file of a module's tests, or their folder.
const TESTS_OF_A_MODULE: [&str; 2] = ["tests.rs", "tests"];

/// Each package's direct dependencies, without those of tests and build scripts. A member with optional
/// dependencies is there twice: as `name` without them, and as `name+feature` for members that request the
/// feature.
type Graph = BTreeMap<String, BTreeSet<String>>;

fn metadata() -> Metadata {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    MetadataCommand::new().manifest_path(manifest).exec().expect("cargo metadata of the workspace")
}

fn graph(metadata: &Metadata) -> Graph {
    let name = |id: &PackageId| metadata[id].name.to_string();
    let nodes = &metadata.resolve.as_ref().expect("a resolved graph").nodes;
    let used = |node: &cargo_metadata::Node| {
        let normal =
            node.deps.iter().filter(|dep| dep.dep_kinds.iter().any(|k| k.kind == DependencyKind::Normal));
        normal.map(|dep| name(&dep.pkg)).collect::<BTreeSet<_>>()
    };
    let mut graph = Graph::new();
    for node in nodes {
        graph.entry(name(&node.id)).or_default().extend(used(node));
    }
    split_by_feature(metadata, &mut graph);
    graph
}

/// Cargo unifies the features that all members request. Here each member has only those it requests itself.
fn split_by_feature(metadata: &Metadata, graph: &mut Graph) {
    let normal = |dep: &&cargo_metadata::Dependency| dep.kind == DependencyKind::Normal;
    for member in metadata.workspace_packages() {
        for dep in member.dependencies.iter().filter(normal).filter(|dep| !dep.features.is_empty()) {
            if dep.path.is_some() && dep.name == "client" {
                let with = format!("{}+{}", dep.name, dep.features.join("+"));
                let used = graph.get(&dep.name).cloned().unwrap_or_default();
                graph.entry(with.clone()).or_default().extend(used);
                let direct = graph.entry(member.name.to_string()).or_default();
                direct.remove(&dep.name);
                direct.insert(with);
            }
        }
    }
    for member in metadata.workspace_packages() {
        let optional = member.dependencies.iter().filter(normal).filter(|dep| dep.optional);
        let direct = graph.entry(member.name.to_string()).or_default();
        optional.for_each(|dep| _ = direct.remove(&dep.name));
    }
}

fn reached(graph: &Graph, from: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![from.to_owned()];
    while let Some(package) = open.pop() {
        for used in graph.get(&package).into_iter().flatten() {
            if found.insert(used.clone()) {
                open.push(used.clone());
            }
        }
    }
    found
}

fn broken_arrows(members: &[String], graph: &Graph) -> Vec<String> {
    let mut broken = Vec::new();
    for member in members.iter().filter(|member| *member != TESTS) {
        let Some(arrow) = ARROWS.iter().find(|arrow| arrow.from == member) else {
            broken.push(format!("{member} has no entry in ARROWS; say what it may use and why"));
            continue;
        };
        let direct = graph.get(member).into_iter().flatten();
        let of_ours = direct.filter(|used| members.contains(used));
        let forbidden = of_ours.filter(|used| !arrow.may_use.contains(&used.as_str())).cloned();
        let platform = reached(graph, member).into_iter().filter(|used| {
            arrow.never.iter().any(|never| used == never || (*never == "gloo" && used.starts_with("gloo-")))
        });
        broken.extend(forbidden.chain(platform).map(|used| format!("{member} -> {used}: {}", arrow.why)));
    }
    broken
}

/// The words of a text in lower case; `ProductRow` and `product_row` have two words each.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_lower = false;
    for c in text.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && after_lower) {
            words.push(String::new());
        }
        if c.is_alphanumeric() {
            words.last_mut().expect("never empty").extend(c.to_lowercase());
        }
        after_lower = c.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

fn nouns_in(text: &str) -> Vec<String> {
    let is_noun =
        |word: &String| NOUNS.iter().any(|noun| word == noun || word.strip_suffix('s') == Some(noun));
    words(text).into_iter().filter(is_noun).collect()
}

/// A source without its comments and its tests, which are last in a file.
fn shipped(source: &str) -> String {
    let code = source.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let code = code.split("#[cfg(test)]\npub(crate) mod ").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect()
}

fn left_behind(source: &str) -> Vec<&'static str> {
    let shipped = shipped(source);
    NOT_SHIPPED.iter().copied().filter(|mark| shipped.contains(mark)).collect()
}

/// The folder of a file in `app/src`, or the name of a file at its root.
fn room(file: &str) -> &str {
    file.split('/').next().unwrap_or_default().trim_end_matches(".rs")
}

/// The folders and root files that a source imports by `crate::`, without those in comments.
fn rooms_named(source: &str) -> BTreeSet<&str> {
    let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    let named = code.flat_map(|line| line.split("crate::").skip(1));
    named
        .map(|path| path.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or_default())
        .collect()
}

/// Whether a file of `app/src` reaches the crate's root by `super::` instead of `crate::`. An indented line
/// may be in a nested module, one step further from the root.
fn climbs_to_the_root(file: &str, source: &str) -> bool {
    let folders = file.matches('/').count() - usize::from(file.ends_with("/mod.rs"));
    source.lines().filter(|line| !line.trim_start().starts_with("//")).any(|line| {
        let mut path = line.find("super::").map_or("", |at| &line[at..]);
        let mut steps = 0;
        while let Some(rest) = path.strip_prefix("super::") {
            (path, steps) = (rest, steps + 1);
        }
        steps > folders + usize::from(line.starts_with(' '))
    })
}

/// Violations of the layers by files of `app/src`, given by path and source.
fn broken_floors(files: &[(&str, &str)]) -> Vec<String> {
    let floor = |room: &str| FLOORS.iter().position(|floor| floor.contains(&room));
    let mut broken = Vec::new();
    for (file, source) in files {
        let own = room(file);
        let Some(from) = floor(own) else {
            broken.push(format!(
                "{file}: `{own}` has no floor in FLOORS; put the file where its users look for it"
            ));
            continue;
        };
        for named in rooms_named(source).into_iter().filter(|named| *named != own) {
            match floor(named) {
                Some(to) if to > from => {}
                Some(_) => broken.push(format!(
                    "{file} imports from `{named}`, which is not below `{own}`; move what both need further down"
                )),
                None => broken.push(format!("{file} names `crate::{named}`, which is no folder or file of FLOORS")),
            }
        }
        if climbs_to_the_root(file, source) {
            broken.push(format!("{file} climbs to the root by `super::`; write `crate::`"));
        }
        if source.lines().any(is_reexport) {
            broken.push(format!("{file} re-exports; import each name from the file that has it"));
        }
    }
    broken
}

fn is_reexport(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("pub") && line.split_once(" use ").is_some_and(|(before, _)| !before.contains(' '))
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.expect("a readable folder").path());
    paths
        .flat_map(|path| {
            if path.is_dir() && !path.ends_with("target") {
                rust_files(&path)
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                vec![path]
            } else {
                Vec::new()
            }
        })
        .collect()
}

/// The folders of the workspace's members by package name.
fn member_folders() -> BTreeMap<String, PathBuf> {
    let metadata = metadata();
    let members = metadata.workspace_packages();
    let folder = |manifest: &Path| manifest.parent().expect("a manifest is in a folder").to_owned();
    members
        .iter()
        .map(|package| (package.name.to_string(), folder(package.manifest_path.as_std_path())))
        .collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn crates_have_only_allowed_dependencies() {
    let metadata = metadata();
    let graph = graph(&metadata);
    let packages = metadata.workspace_packages();
    let names = packages.iter().map(|package| package.name.to_string());
    let members: Vec<_> = names.chain(graph.keys().filter(|name| name.contains('+')).cloned()).collect();
    assert!(reached(&graph, "schema").contains("web-sys"), "the graph is not read right");
    let broken = broken_arrows(&members, &graph);
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_engine_has_no_words_of_the_warehouse() {
    let files = rust_files(&member_folders()["sync"].join("src"));
    assert!(!files.is_empty());
    for file in files {
        let nouns = nouns_in(&read(&file));
        assert!(nouns.is_empty(), "{} speaks of {nouns:?}; say it of any entity", file.display());
    }
}

#[test]
fn shipped_code_has_no_panics_and_no_debug_code() {
    for (_, folder) in member_folders().into_iter().filter(|(name, _)| name != TESTS) {
        let source = folder.join("src");
        let is_test = |file: &Path| {
            let inside = file.strip_prefix(&source).unwrap_or(file);
            inside.components().any(|part| TESTS_OF_A_MODULE.iter().any(|tests| part.as_os_str() == *tests))
        };
        let is_exempt =
            |file: &&PathBuf| file.ends_with(SHARED_SUITE) || file.ends_with(CONTEXT_HOOK) || is_test(file);
        for file in rust_files(&source).iter().filter(|file| !is_exempt(file)) {
            let marks = left_behind(&read(file));
            assert!(marks.is_empty(), "{} has {marks:?}; return an error instead", file.display());
        }
    }
}

#[test]
fn files_are_within_the_line_limit() {
    for (name, folder) in member_folders() {
        let files = rust_files(&folder);
        assert!(!files.is_empty(), "{name} has no source");
        for file in files {
            let lines = read(&file).lines().count();
            assert!(lines <= MAX_FILE_LINES, "{} has {lines} lines; one file, one job", file.display());
        }
    }
}

#[test]
fn app_files_import_only_from_their_folder_or_a_layer_below() {
    let sources = member_folders()["app"].join("src");
    let files: Vec<(String, String)> = rust_files(&sources)
        .iter()
        .map(|file| {
            let name = file.strip_prefix(&sources).expect("within it").to_string_lossy().replace('\\', "/");
            (name, read(file))
        })
        .collect();
    assert!(files.iter().any(|(_, source)| !rooms_named(source).is_empty()), "no import is read right");
    let files: Vec<_> = files.iter().map(|(file, source)| (file.as_str(), source.as_str())).collect();
    let broken = broken_floors(&files);
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_crate_uses_the_workspace_lints() {
    for (name, folder) in member_folders() {
        let manifest = read(&folder.join("Cargo.toml"));
        assert!(manifest.contains("[lints]\nworkspace = true"), "{name} has lints of its own, or none");
    }
}

/// Samples that violate the laws above.
mod samples {
    use super::*;

    fn sample(arrows: &[(&str, &[&str])]) -> Vec<String> {
        let graph: Graph = arrows
            .iter()
            .map(|(from, to)| ((*from).to_owned(), to.iter().map(|&to| to.to_owned()).collect()))
            .collect();
        let members: Vec<_> = graph.keys().filter(|name| !name.contains("crate")).cloned().collect();
        broken_arrows(&members, &graph)
    }

    #[test]
    fn finds_a_forbidden_dependency() {
        assert_eq!(sample(&[("app", &["sw"]), ("sw", &["app"])]).len(), 2);
        assert_eq!(sample(&[("sync", &["domain"]), ("domain", &["sync"])]).len(), 1);
        assert!(sample(&[("app", &["sync"]), ("sync", &["serde"]), ("tests", &["app"])]).is_empty());
    }

    #[test]
    fn finds_an_indirect_dependency_on_a_platform() {
        assert_eq!(sample(&[("sync", &["a-crate"]), ("a-crate", &["tokio"])]).len(), 1);
        assert_eq!(sample(&[("domain", &["a-crate"]), ("a-crate", &["gloo-timers"])]).len(), 1);
    }

    #[test]
    fn finds_a_crate_without_an_entry() {
        assert_eq!(sample(&[("helpers", &[])]).len(), 1);
    }

    #[test]
    fn finds_warehouse_words_in_names_and_comments() {
        assert_eq!(nouns_in("fn product_rows(x: LotRow) {} // two SKUs"), ["product", "lot", "skus"]);
        assert!(nouns_in("a slot, the combined order, binary, a pilot's ballot").is_empty());
    }

    #[test]
    fn finds_debug_code_outside_tests_and_comments() {
        assert_eq!(left_behind("fn f() { g().unwrap(); dbg!(1); }"), [".unwrap()", "dbg!("]);
        assert!(
            left_behind("// never .unwrap()\nfn f() {}\n#[cfg(test)]\nmod tests { fn t() { g().unwrap() } }")
                .is_empty()
        );
    }

    #[test]
    fn finds_imports_from_the_same_layer_or_from_above() {
        let broken = |file: &str, source: &str| broken_floors(&[(file, source)]).len();
        assert_eq!(broken("stock/bin.rs", "use crate::inbox::card::Card;"), 1, "a neighbour");
        assert_eq!(broken("ui/toasts.rs", "fn f() -> crate::desk::answers::Answers {}"), 1, "from above");
        assert_eq!(
            broken("work/start.rs", "mod tests {\n    use crate::stock::bin::lots;\n}"),
            1,
            "in tests"
        );
        assert_eq!(broken("ui/chip.rs", "use crate::{desk};"), 1, "a group of rooms");
        assert_eq!(broken("ui/chip.rs", "use super::super::desk::Answers;"), 1, "by another way");
        assert_eq!(broken("engine.rs", "use super::desk::Answers;"), 1, "by another way, at the root");
        assert_eq!(broken("book/mod.rs", "use super::desk::Answers;"), 1, "by another way, for a folder");
        let below = "use super::lots::Lots;\nuse crate::goods::lot_row::LotRow;\n// crate::frame\nuse crate::words::t;";
        assert_eq!(broken("stock/bin.rs", below), 0);
        assert_eq!(broken("book/report.rs", "mod tests {\n    use super::super::survey::tests::lot;\n}"), 0);
    }

    #[test]
    fn finds_unknown_folders_and_reexports() {
        let broken = |file: &str, source: &str| broken_floors(&[(file, source)]).len();
        for folder in ["pages", "components", "hooks"] {
            assert_eq!(broken(&format!("{folder}/bin.rs"), ""), 1, "{folder}");
            assert_eq!(broken("frame/root.rs", &format!("use crate::{folder}::bin;")), 1, "{folder}");
        }
        for reexport in ["pub(crate) use button::Button;", "    pub use a::b;"] {
            assert_eq!(broken("ui/mod.rs", reexport), 1, "{reexport}");
        }
        assert_eq!(broken("ui/mod.rs", "pub(crate) mod button;\npub(crate) fn it() { let use_it = 1; }"), 0);
    }
}
