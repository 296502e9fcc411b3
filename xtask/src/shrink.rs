//! Reduces the download size of the wasm and its glue: shorter code, and an order and names that compress
//! well.

use crate::process;
use crate::tools::{BINARYEN, Tools};
use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use wasm_encoder::{NameMap, NameSection, Section};
use wasmparser::{Parser, Payload, TypeRef};

/// Options of both runs of wasm-opt: the wasm features beyond version 1 that rustc emits and every supported browser
/// supports, and settings that were measured to compress best. The stack is at the start of the memory, so no object has
/// an address below 1024.
const WASM_OPT_OPTIONS: [&str; 9] = [
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
    "--enable-simd",
    "--low-memory-unused",
    "--one-caller-inline-max-function-size=50",
];
/// The passes of the first run. Rebuilding the control flow of flat code saves more than 1 % after compression.
const FIRST_PASSES: [&str; 3] = ["--flatten", "--rereloop", "-Oz"];
/// The passes of the second run, in which functions have their ranks as names.
const SECOND_PASSES: [&str; 3] = ["-Oz", "--reorder-functions-by-name", "--strip-debug"];
/// In the path of a dependency's file, after the home folder.
const REGISTRY_PATH: &[u8] = b"/registry/src/";
/// In the path of a file of the standard library.
const RUSTC_PATH: &[u8] = b"/rustc/";
/// The end of a path.
const RUST_FILE: &[u8] = b".rs";
/// The longest path that is looked at.
const MAX_PATH_BYTES: usize = 300;
/// Every supported browser understands ECMAScript 2020.
const MINIFY_OPTIONS: &str = "passes=3,ecma=2020";
/// Hexadecimal digits at the end of wasm-bindgen's import and export names.
const HASH_DIGITS: usize = 16;

/// Shrinks one wasm file and its JavaScript glue.
pub(crate) fn shrink(glue: &Path, wasm: &Path, cache: &Path, tools: &Tools<'_>) -> Result<()> {
    shrink_code(wasm, cache, tools)?;
    let (mut script, mut code) = (read(glue)?, read(wasm)?);
    number_names(&mut script, &mut code);
    write(glue, &script)?;
    write(wasm, &code)?;
    minify(glue, tools)
}

/// Minifies a script. The names at the top of one that is no module are global and stay.
fn minify(script: &Path, tools: &Tools<'_>) -> Result<()> {
    let Some(program) = tools.terser() else { return Ok(()) };
    let is_module = String::from_utf8_lossy(&read(script)?).contains("\nexport ");
    let mut command = tools.command(&program.to_string_lossy());
    command.args(is_module.then_some("--module"));
    process::run(
        command
            .args(["--compress", MINIFY_OPTIONS, "--mangle", "--output"])
            .arg(script)
            .arg("--")
            .arg(script),
    )
}

/// Shrinks a wasm file, except for the names that it shares with JavaScript. Results are kept in the folder `cache`,
/// because wasm-opt takes a minute for a large file.
pub(crate) fn shrink_code(wasm: &Path, cache: &Path, tools: &Tools<'_>) -> Result<()> {
    let mut content = read(wasm)?;
    blank_paths(&mut content);
    write(wasm, &content)?;
    let Some(program) = tools.wasm_opt() else { return Ok(()) };
    let kept = Kept::new(cache, wasm, &content)?;
    if !kept.path.is_file() {
        // Not in place: another build at the same time writes to `wasm` as well.
        let half = kept.path.with_extension(format!("{}.half", std::process::id()));
        write(&half, &content)?;
        optimise(&program, &half, &FIRST_PASSES, tools)?;
        let content = read(&half)?;
        write(&half, &with_ranks(&content).with_context(|| format!("{} is not wasm", wasm.display()))?)?;
        optimise(&program, &half, &SECOND_PASSES, tools)?;
        kept.replace_by(&half)?;
    }
    fs::copy(&kept.path, wasm).map(drop).with_context(|| format!("{} cannot be copied", kept.path.display()))
}

/// The place of a result in the cache: one file for each name, called after the content that it was made from and the
/// options.
struct Kept {
    path: PathBuf,
    /// The prefix of the names of this module's results.
    prefix: String,
}

impl Kept {
    fn new(cache: &Path, wasm: &Path, content: &[u8]) -> Result<Self> {
        fs::create_dir_all(cache).with_context(|| format!("{} cannot be made", cache.display()))?;
        let mut hasher = Sha256::new_with_prefix(content).chain_update(BINARYEN);
        for option in WASM_OPT_OPTIONS.iter().chain(&FIRST_PASSES).chain(&SECOND_PASSES) {
            hasher.update(option);
        }
        let key: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let prefix = format!("{}-", wasm.file_stem().unwrap_or_default().to_string_lossy());
        Ok(Self { path: cache.join(format!("{prefix}{key}.wasm")), prefix })
    }

    /// Moves the result into its place, and removes an older one of the same module.
    fn replace_by(&self, result: &Path) -> Result<()> {
        let cache = self.path.parent().context("the cache is a folder")?;
        let failed = || format!("{} cannot be written", cache.display());
        for entry in fs::read_dir(cache).with_context(failed)? {
            let path = entry.with_context(failed)?.path();
            let is_result = path.extension().is_some_and(|extension| extension == "wasm");
            let is_same =
                path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&self.prefix));
            if is_result && is_same {
                fs::remove_file(path).with_context(failed)?;
            }
        }
        fs::rename(result, &self.path).with_context(failed)
    }
}

fn optimise(program: &Path, wasm: &Path, passes: &[&str], tools: &Tools<'_>) -> Result<()> {
    let mut command = tools.command(&program.to_string_lossy());
    process::run(command.args(WASM_OPT_OPTIONS).args(passes).arg(wasm).arg("-o").arg(wasm))
}

/// Names each function by its rank among the functions of its type, sorted by their bytes. In that order
/// similar functions are close together, and compress better.
fn with_ranks(module: &[u8]) -> Result<Vec<u8>> {
    let (mut imported, mut types, mut bodies) = (0_u32, Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::FunctionSection(functions) => types = functions.into_iter().collect::<Result<_, _>>()?,
            Payload::CodeSectionEntry(body) => bodies.push(body.as_bytes()),
            _ => {}
        }
    }
    let mut functions: Vec<_> = types.into_iter().zip(bodies).zip(imported..).collect();
    functions.sort_unstable();
    let mut ranks: Vec<(u32, usize)> = functions.into_iter().map(|(_, function)| function).zip(0..).collect();
    ranks.sort_unstable();
    let mut names = NameMap::new();
    for (function, rank) in ranks {
        names.append(function, &format!("{rank:08}"));
    }
    let mut section = NameSection::new();
    section.functions(&names);
    let mut named = module.to_vec();
    section.append_to(&mut named);
    Ok(named)
}

/// Replaces the file names of dependencies and of the standard library, which panic messages would name, by
/// blanks of the same length: they depend on the machine, and do not compress. Line, column and text stay.
fn blank_paths(module: &mut [u8]) {
    let starts: Vec<usize> =
        [REGISTRY_PATH, RUSTC_PATH].iter().flat_map(|part| found(module, part)).collect();
    for start in starts {
        let Some(path) = module.get(start..) else { continue };
        let length = path.iter().take(MAX_PATH_BYTES).take_while(|byte| byte.is_ascii_graphic()).count();
        let end = path[..length].windows(RUST_FILE.len()).position(|part| part == RUST_FILE);
        if let Some(end) = end {
            module[start..start + end].fill(b' ');
        }
    }
}

/// The positions of a text.
fn found(module: &[u8], text: &[u8]) -> Vec<usize> {
    module.windows(text.len()).enumerate().filter(|(_, part)| *part == text).map(|(at, _)| at).collect()
}

/// Replaces the hashes in the names that both files share by numbers, because hashes do not compress. The
/// length stays the same, so that no offset in the module changes.
fn number_names(script: &mut [u8], module: &mut [u8]) {
    let mut numbers: HashMap<Vec<u8>, String> = HashMap::new();
    for at in hashes(script) {
        let next = format!("{:0HASH_DIGITS$}", numbers.len());
        numbers.entry(script[at..at + HASH_DIGITS].to_vec()).or_insert(next);
    }
    for content in [script, module] {
        for at in hashes(content) {
            let name = &mut content[at..at + HASH_DIGITS];
            if let Some(number) = numbers.get(name) {
                name.copy_from_slice(number.as_bytes());
            }
        }
    }
}

/// The positions of hashes at the end of names: `_` or `_h`, then exactly the digits.
fn hashes(content: &[u8]) -> Vec<usize> {
    let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let mut found = Vec::new();
    for (at, _) in content.iter().enumerate().filter(|(_, byte)| **byte == b'_') {
        let start = at + 1 + usize::from(content.get(at + 1) == Some(&b'h'));
        let Some(name) = content.get(start..start + HASH_DIGITS) else { continue };
        if name.iter().all(is_digit) && !content.get(start + HASH_DIGITS).is_some_and(is_part) {
            found.push(start);
        }
    }
    found
}

/// The wasm files in a folder's files, each with the glue that wasm-bindgen made for it.
pub(crate) fn pairs(folder: &Path, files: &[String]) -> Vec<(Option<PathBuf>, PathBuf)> {
    let stems = files.iter().filter_map(|file| file.strip_suffix("_bg.wasm"));
    stems
        .map(|stem| (Some(folder.join(format!("{stem}.js"))), folder.join(format!("{stem}_bg.wasm"))))
        .collect()
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    fs::write(path, content).with_context(|| format!("{} cannot be written", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_encoder::{
        CodeSection, EntityType, Function, FunctionSection, ImportSection, Module, TypeSection, ValType,
    };

    #[test]
    fn paths_of_dependencies_become_blanks_and_our_own_stay() {
        let mut module = b"\0/home/a/registry/src/index-1/yew-0.23.0/src/lib.rsmessage/rustc/12/library/core/a.rs\0app/src/main.rs"
            .to_vec();
        let length = module.len();
        blank_paths(&mut module);
        let text = String::from_utf8(module).unwrap();
        assert_eq!(text.len(), length);
        assert!(
            text.starts_with("\0/home/a ")
                && text.contains(" .rsmessage ")
                && text.ends_with("app/src/main.rs"),
            "{text}"
        );
        assert!(!text.contains("yew") && !text.contains("library"), "{text}");
    }

    #[test]
    fn one_result_of_each_module_is_kept_by_its_content() {
        let folder = tempfile::tempdir().unwrap();
        let (cache, wasm) = (folder.path().join("shrunk"), folder.path().join("app_bg.wasm"));
        fs::write(&wasm, "small").unwrap();
        let first = Kept::new(&cache, &wasm, b"one").unwrap();
        first.replace_by(&wasm).unwrap();
        let second = Kept::new(&cache, &wasm, b"two").unwrap();
        assert!(first.path.is_file() && !second.path.is_file());
        fs::write(&wasm, "smaller").unwrap();
        let of_another_build = second.path.with_extension("1.half");
        fs::write(&of_another_build, "").unwrap();
        second.replace_by(&wasm).unwrap();
        assert!(of_another_build.is_file());
        assert!(!first.path.is_file());
        assert_eq!(fs::read_to_string(second.path).unwrap(), "smaller");
        let other = Kept::new(&cache, Path::new("worker_bg.wasm"), b"two").unwrap();
        assert!(!other.path.is_file(), "another module");
    }

    #[test]
    fn names_keep_their_length_and_are_the_same_in_both_files() {
        let (one, other) = ("0123456789abcdef", "fedcba9876543210");
        let mut script =
            format!("__wbg_now_{one}: 1, x__h{other}(), __wbg_ptr, __wbg_now_{one}").into_bytes();
        let mut module = format!("\0\x2a__wbg_now_{one}\0__h{other}\0_{}", "a".repeat(16)).into_bytes();
        number_names(&mut script, &mut module);
        let (zero, first) = ("0".repeat(16), format!("{:016}", 1));
        let expected = format!("__wbg_now_{zero}: 1, x__h{first}(), __wbg_ptr, __wbg_now_{zero}");
        assert_eq!(String::from_utf8(script).unwrap(), expected);
        let expected = format!("\0\x2a__wbg_now_{zero}\0__h{first}\0_{}", "a".repeat(16));
        assert_eq!(String::from_utf8(module).unwrap(), expected, "what the script does not name stays");
    }

    #[test]
    fn functions_are_ranked_by_type_and_then_by_their_bytes() {
        let mut types = TypeSection::new();
        types.ty().function([], []);
        types.ty().function([ValType::I32], []);
        let mut imports = ImportSection::new();
        imports.import("a", "b", EntityType::Function(0));
        let (mut functions, mut code) = (FunctionSection::new(), CodeSection::new());
        for (of_type, drops) in [(1, 0), (0, 1), (0, 0)] {
            functions.function(of_type);
            let mut body = Function::new([]);
            for _ in 0..drops {
                body.instructions().i32_const(7).drop();
            }
            body.instructions().end();
            code.function(&body);
        }
        let mut module = Module::new();
        module.section(&types).section(&imports).section(&functions).section(&code);
        let named = with_ranks(&module.finish()).unwrap();
        let found = |name: &str| named.windows(8).position(|bytes| bytes == name.as_bytes()).unwrap();
        let [first, second, third] = ["00000002", "00000001", "00000000"].map(found);
        assert!(first < second && second < third, "named in the order that they have, by their ranks");
        assert!(with_ranks(b"no wasm").is_err());
    }
}
