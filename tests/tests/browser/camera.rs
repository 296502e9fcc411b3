//! Codes held before the camera. Chromium plays a video that the test makes, in place of a camera.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use rxing::{BarcodeFormat, EncodeHints, MultiFormatWriter, Writer};
use serde_json::json;
use tempfile::TempDir;

use crate::device::{Device, PHONE};
use crate::network;
use crate::server::Server;

const WIDTH_PIXELS: usize = 640;
const HEIGHT_PIXELS: usize = 480;
/// Chromium plays the video again and again.
const FRAMES: usize = 5;
const MODULE_PIXELS: usize = 3;
const BAR_PIXELS: usize = 160;
const LIGHT: u8 = 225;
const DARK: u8 = 30;
/// No colour at all.
const NEUTRAL: u8 = 128;
/// Encoders' FNC1 in Code 128.
const FNC1: char = '\u{f1}';

/// A device whose camera sees `label`.
async fn device_that_sees(server: &Server, folder: &Path, label: &[Vec<bool>]) -> Result<Device> {
    let video = folder.join("camera.y4m");
    write_video(&video, label)?;
    let arguments = vec![
        "--use-fake-device-for-media-stream".to_owned(),
        "--use-fake-ui-for-media-stream".to_owned(),
        format!("--use-file-for-fake-video-capture={}", video.display()),
    ];
    enrolled(server, arguments).await
}

async fn enrolled(server: &Server, arguments: Vec<String>) -> Result<Device> {
    let device = Device::with_arguments(&server.origin(), arguments).await?;
    device.resize(PHONE).await?;
    device.enrol(server).await?;
    device.open("/stock").await?;
    Ok(device)
}

/// The modules of a code; line codes have one row.
fn label(text: &str, format: BarcodeFormat) -> Result<Vec<Vec<bool>>> {
    let hints = EncodeHints {
        Margin: Some("0".to_owned()),
        Gs1Format: Some(text.contains('\u{1d}')),
        DataMatrixCompact: Some(true),
        ..EncodeHints::default()
    };
    let bits = MultiFormatWriter.encode_with_hints(text, &format, 0, 0, &hints)?;
    let row = |y: u32| (0..bits.width()).map(|x| bits.get(x, y)).collect();
    Ok(if bits.height() > 1 { (0..bits.height()).map(row).collect() } else { vec![row(0)] })
}

/// A label in the middle of a sheet.
fn grey(label: &[Vec<bool>]) -> Result<Vec<u8>> {
    let columns = label.first().context("a label has rows")?.len();
    let module = MODULE_PIXELS.min(WIDTH_PIXELS * 9 / 10 / columns);
    let (width, row_height) = (columns * module, if label.len() == 1 { BAR_PIXELS } else { module });
    let (left, top) = ((WIDTH_PIXELS - width) / 2, (HEIGHT_PIXELS - row_height * label.len()) / 2);
    let is_dark = |x: usize, y: usize| {
        let column = x.checked_sub(left).map(|x| x / module);
        let row = y.checked_sub(top).map(|y| y / row_height);
        let at = row.and_then(|row| label.get(row)).and_then(|row| row.get(column?));
        at.copied().unwrap_or(false)
    };
    let pixels = (0..HEIGHT_PIXELS).flat_map(|y| (0..WIDTH_PIXELS).map(move |x| (x, y)));
    Ok(pixels.map(|(x, y)| if is_dark(x, y) { DARK } else { LIGHT }).collect())
}

/// A short film of a label (YUV4MPEG2, 4:2:0).
fn write_video(path: &Path, label: &[Vec<bool>]) -> Result<()> {
    let luma = grey(label)?;
    let mut video = std::fs::File::create(path)?;
    writeln!(video, "YUV4MPEG2 W{WIDTH_PIXELS} H{HEIGHT_PIXELS} F10:1 Ip A1:1 C420jpeg")?;
    for _ in 0..FRAMES {
        writeln!(video, "FRAME")?;
        video.write_all(&luma)?;
        video.write_all(&vec![NEUTRAL; luma.len() / 2])?;
    }
    Ok(())
}

/// A product with a GTIN of thirteen digits: its name and its barcode.
fn labelled_product(server: &Server) -> Result<(String, String)> {
    let sql = "SELECT barcode, name FROM products WHERE length(barcode) = 13 ORDER BY sku LIMIT 1";
    let row = server.query(sql)?.pop().context("no product with a GTIN")?;
    let (barcode, name) = row.split_once(' ').context("a product has a barcode and a name")?;
    Ok((name.to_owned(), barcode.to_owned()))
}

async fn tracks_that_run(device: &Device) -> Result<serde_json::Value> {
    let body = "return [...document.querySelectorAll('video')].flatMap((video) => video.srcObject?.getTracks() ?? [])
        .filter((track) => track.readyState === 'live').length";
    device.script(body).await
}

fn shot_folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/screenshots"))
}

#[tokio::test]
async fn a_product_held_before_the_camera_opens_its_page_and_does_so_again_without_a_network() -> Result<()> {
    network::up()?;
    let mut server = Server::with_demo()?;
    let (name, barcode) = labelled_product(&server)?;
    let folder = TempDir::new()?;
    let device = device_that_sees(&server, folder.path(), &label(&barcode, BarcodeFormat::EAN_13)?).await?;
    let before =
        device.script("return performance.getEntriesByType('resource').map((entry) => entry.name)").await?;
    ensure!(
        !before.to_string().contains("/decode"),
        "nothing of the camera is loaded at the start: {before}"
    );

    let mut told = String::new();
    for turn in ["over the network", "kept by the worker"] {
        device.open("/stock").await?;
        let opened = Instant::now();
        device.click("open-camera").await?;
        device.find("product-page").await?;
        writeln!(told, "{turn}: found after {:?}", opened.elapsed())?;
        device.wait_for_text("product-page", &name).await?;
        ensure!(device.count("camera").await? == 0, "the sheet has closed");
        ensure!(tracks_that_run(&device).await? == 0, "the camera is off");
    }
    server.kill()?;
    network::down()?;
    device.open("/stock").await?;
    let opened = Instant::now();
    device.click("open-camera").await?;
    device.wait_for_text("product-page", &name).await?;
    writeln!(told, "without a network: found after {:?}", opened.elapsed())?;
    println!("{told}");
    network::up()?;
    Ok(())
}

#[tokio::test]
async fn a_gs1_label_says_which_product_it_is_on() -> Result<()> {
    network::up()?;
    let server = Server::with_demo()?;
    let (name, barcode) = labelled_product(&server)?;
    for (text, format) in [
        (format!("{FNC1}010{barcode}10L4A{FNC1}17281231"), BarcodeFormat::CODE_128),
        (format!("\u{1d}010{barcode}10L4A\u{1d}17281231"), BarcodeFormat::DATA_MATRIX),
    ] {
        let folder = TempDir::new()?;
        let device = device_that_sees(&server, folder.path(), &label(&text, format)?).await?;
        device.click("open-camera").await?;
        device.wait_for_text("product-page", &name).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_camera_that_was_never_used_says_offline_that_it_needs_the_network_once() -> Result<()> {
    network::up()?;
    let mut server = Server::with_demo()?;
    let (name, barcode) = labelled_product(&server)?;
    let folder = TempDir::new()?;
    let device = device_that_sees(&server, folder.path(), &label(&barcode, BarcodeFormat::EAN_13)?).await?;
    server.kill()?;
    network::down()?;
    device.open("/stock").await?;
    device.click("open-camera").await?;
    device.wait_for_text("camera-trouble", "The camera needs the network once").await?;
    ensure!(tracks_that_run(&device).await? == 0, "the camera is off");
    device.screenshot_to(&shot_folder(), "camera-needs-network").await?;

    server.start()?;
    network::up()?;
    device.click("camera-again").await?;
    device.wait_for_text("product-page", &name).await?;
    Ok(())
}

#[tokio::test]
async fn a_refused_camera_gives_instructions_and_the_code_can_be_typed() -> Result<()> {
    network::up()?;
    let server = Server::with_demo()?;
    let device = enrolled(&server, vec!["--use-fake-device-for-media-stream".to_owned()]).await?;
    let refused =
        json!({ "permission": { "name": "camera" }, "setting": "denied", "origin": server.origin() });
    device.cdp("Browser.setPermission", refused).await?;
    device.click("open-camera").await?;
    device.wait_for_text("camera-trouble", "Lotbook may not use the camera. Allow it").await?;
    device.screenshot_to(&shot_folder(), "camera-denied").await?;
    device.click("type-instead").await?;
    device
        .wait_for_script(
            "the focus in the field",
            "return document.activeElement.closest('.scan-field') !== null",
        )
        .await?;
    ensure!(device.count("camera").await? == 0, "the sheet has closed");
    Ok(())
}

/// Keeps the camera's tracks where a script finds them.
const KEEP_TRACKS: &str = "
    const ask = MediaDevices.prototype.getUserMedia;
    MediaDevices.prototype.getUserMedia = async function (what) {
        const stream = await ask.call(this, what);
        window.tracks = stream.getTracks();
        return stream;
    };";
const IS_OFF: &str =
    "return window.tracks.length === 1 && window.tracks.every((track) => track.readyState === 'ended')";
const HIDE: &str = "
    Object.defineProperty(document, 'visibilityState', { get: () => window.isSeen ? 'visible' : 'hidden' });
    document.dispatchEvent(new Event('visibilitychange'));";

#[tokio::test]
async fn the_camera_is_off_once_its_sheet_is_closed_or_the_page_is_hidden() -> Result<()> {
    network::up()?;
    let server = Server::with_demo()?;
    let folder = TempDir::new()?;
    let device = device_that_sees(&server, folder.path(), &[vec![false; 10]]).await?;
    device.script(KEEP_TRACKS).await?;
    device.click("open-camera").await?;
    device.wait_for_text("camera-words", "Hold the code inside the frame").await?;
    device.screenshot_to(&shot_folder(), "camera").await?;
    ensure!(tracks_that_run(&device).await? == 1, "the camera is on");
    device.click("close-camera").await?;
    device.wait_for_script("the camera to be off", IS_OFF).await?;

    device.click("open-camera").await?;
    device.wait_for_text("camera-words", "Hold the code inside the frame").await?;
    device.script(HIDE).await?;
    device.wait_for_text("camera-words", "The camera is off").await?;
    device.wait_for_script("the camera to be off", IS_OFF).await?;
    device.script("window.isSeen = true").await?;
    device.click("camera-again").await?;
    device.wait_for_text("camera-words", "Hold the code inside the frame").await?;
    Ok(())
}

#[tokio::test]
async fn a_device_without_a_camera_has_no_button_and_an_insecure_page_says_why() -> Result<()> {
    network::up()?;
    let server = Server::with_demo()?;
    let device = enrolled(&server, Vec::new()).await?;
    device.find_css(".scan-field .scan-go").await?;
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    ensure!(device.count("open-camera").await? == 0, "there is nothing to open");

    let insecure = "Object.defineProperty(Navigator.prototype, 'mediaDevices', { get: () => undefined })";
    device.cdp("Page.addScriptToEvaluateOnNewDocument", json!({ "source": insecure })).await?;
    device.open("/stock").await?;
    device.click("open-camera").await?;
    device.wait_for_text("camera-trouble", "only to pages opened over HTTPS").await?;
    Ok(())
}

/// Reads a picture of a label in a worker of the page, again and again, and returns the milliseconds of each.
const READ_AGAIN_AND_AGAIN: &str = "
    const worker = new Worker(document.querySelector('meta[name=lotbook-decoder]').content);
    const answer = () => new Promise((resolve) => { worker.onmessage = ({ data }) => resolve(data); });
    await answer();
    const [luma, width, height] = [LUMA, WIDTH, HEIGHT];
    const took = [];
    let scan;
    for (let round = 0; round < 30; round += 1) {
        const pixels = new Uint8ClampedArray(width * height * 4).fill(225);
        luma.forEach(([row, left, right]) => pixels.fill(30, (row * width + left) * 4, (row * width + right) * 4));
        const begun = performance.now();
        const read = answer();
        worker.postMessage({ width, height, pixels: pixels.buffer }, [pixels.buffer]);
        scan = (await read).scan;
        took.push(performance.now() - begun);
    }
    worker.terminate();
    took.sort((one, other) => one - other);
    return { scan, median: took[15], slowest: took[29] };";

/// `cargo xtask test --only browser` with `-- --ignored --nocapture` at its end.
#[tokio::test]
#[ignore = "prints how long reading takes"]
async fn how_long_reading_takes_in_a_worker() -> Result<()> {
    network::up()?;
    let server = Server::with_demo()?;
    let device = enrolled(&server, Vec::new()).await?;
    let labels = [
        ("EAN-13", "7622210449283".to_owned(), BarcodeFormat::EAN_13),
        ("EAN-8", "96385074".to_owned(), BarcodeFormat::EAN_8),
        ("UPC-A", "036000291452".to_owned(), BarcodeFormat::UPC_A),
        ("UPC-E", "04252614".to_owned(), BarcodeFormat::UPC_E),
        ("Code 128", "LOT-4711".to_owned(), BarcodeFormat::CODE_128),
        ("GS1-128", format!("{FNC1}010762221044928310L4A{FNC1}17271231"), BarcodeFormat::CODE_128),
        ("Code 39", "BIN-A12".to_owned(), BarcodeFormat::CODE_39),
        ("ITF-14", "15400141288763".to_owned(), BarcodeFormat::ITF),
        ("Data Matrix", "\u{1d}010762221044928310L4A".to_owned(), BarcodeFormat::DATA_MATRIX),
        ("QR", "https://example.com/01/07622210449283".to_owned(), BarcodeFormat::QR_CODE),
    ];
    for (name, text, format) in labels {
        let runs = runs(&grey(&label(&text, format)?)?);
        println!("{name:12} {}", read_again_and_again(&device, &runs).await?);
    }
    println!("{:12} {}", "nothing", read_again_and_again(&device, &[]).await?);
    Ok(())
}

async fn read_again_and_again(device: &Device, runs: &[(usize, usize, usize)]) -> Result<serde_json::Value> {
    let body = READ_AGAIN_AND_AGAIN.replace("LUMA", &json!(runs).to_string());
    let size = [("WIDTH", WIDTH_PIXELS), ("HEIGHT", HEIGHT_PIXELS)];
    let body = size.iter().fold(body, |body, (name, pixels)| body.replace(name, &pixels.to_string()));
    device.script(&body).await
}

/// The dark stretches of a picture: row, first and last column.
fn runs(luma: &[u8]) -> Vec<(usize, usize, usize)> {
    let mut found = Vec::new();
    for (row, pixels) in luma.chunks(WIDTH_PIXELS).enumerate() {
        let mut from = 0;
        for run in pixels.chunk_by(|one, other| one == other) {
            if run.first() == Some(&DARK) {
                found.push((row, from, from + run.len()));
            }
            from += run.len();
        }
    }
    found
}
