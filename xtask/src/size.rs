//! The download size before the app runs. Each part has a goal, and a limit that must not be exceeded
//! meanwhile: when a change makes a part smaller, lower its limit.

use crate::compress::beside;
use crate::workspace::Workspace;
use anyhow::{Context, Result, ensure};
use std::fs;

const APP_GOAL_BYTES: u64 = 150_000;
const APP_LIMIT_BYTES: u64 = 361_000;
const REST_LIMIT_BYTES: u64 = 446_000;
const WORKER_GOAL_BYTES: u64 = 60_000;
const WORKER_LIMIT_BYTES: u64 = 146_000;
const DECODER_GOAL_BYTES: u64 = 200_000;
const DECODER_LIMIT_BYTES: u64 = 191_000;
const OFFICE_LIMIT_BYTES: u64 = 220_000;

/// A wasm file with its glue, if it has its own, identified by the name before the content hash.
struct Bundle {
    name: &'static str,
    wasm: &'static str,
    glue: Option<&'static str>,
    goal_bytes: Option<u64>,
    limit_bytes: u64,
}

const BUNDLES: [Bundle; 5] = [
    Bundle {
        name: "app, first screen",
        wasm: "app_bg-",
        glue: Some("app-"),
        goal_bytes: Some(APP_GOAL_BYTES),
        limit_bytes: APP_LIMIT_BYTES,
    },
    Bundle {
        name: "app, the rest",
        wasm: "split_rest-",
        glue: None,
        goal_bytes: None,
        limit_bytes: REST_LIMIT_BYTES,
    },
    Bundle {
        name: "worker",
        wasm: "worker_bg-",
        glue: Some("worker-"),
        goal_bytes: Some(WORKER_GOAL_BYTES),
        limit_bytes: WORKER_LIMIT_BYTES,
    },
    // Fetched when the camera is first used.
    Bundle {
        name: "decoder",
        wasm: "decode_bg-",
        glue: Some("decode-"),
        goal_bytes: Some(DECODER_GOAL_BYTES),
        limit_bytes: DECODER_LIMIT_BYTES,
    },
    // Handhelds do not fetch it.
    Bundle {
        name: "office",
        wasm: "office_bg-",
        glue: Some("office-"),
        goal_bytes: None,
        limit_bytes: OFFICE_LIMIT_BYTES,
    },
];

/// Prints the brotli sizes in `dist/` and fails when one exceeds its limit.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let mut over = Vec::new();
    for bundle in BUNDLES {
        let wasm = brotli_bytes(workspace, bundle.wasm, ".wasm")?;
        let glue = bundle.glue.map_or(Ok(0), |glue| brotli_bytes(workspace, glue, ".js"))?;
        let total = wasm + glue;
        let goal = bundle.goal_bytes.map(|bytes| format!(", goal {} KB", bytes / 1_000)).unwrap_or_default();
        let line = format!(
            "{}: {} KB, limit {} KB{goal} (brotli: wasm {wasm}, glue {glue} bytes)",
            bundle.name,
            total.div_ceil(1_000),
            bundle.limit_bytes / 1_000,
        );
        println!("{line}");
        if total > bundle.limit_bytes {
            over.push(line);
        }
    }
    ensure!(over.is_empty(), "over the size limit: {}", over.join("; "));
    Ok(())
}

fn brotli_bytes(workspace: &Workspace, prefix: &str, extension: &str) -> Result<u64> {
    let dist = workspace.dist();
    let missing =
        || format!("{} has no {prefix}*{extension}.br; build the release app first", dist.display());
    let entries = fs::read_dir(&dist).with_context(missing)?;
    let file = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .find(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(prefix) && name.ends_with(extension)
        })
        .with_context(missing)?;
    Ok(fs::metadata(beside(&file, "br")).with_context(missing)?.len())
}
