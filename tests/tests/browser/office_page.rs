//! The office's page: an admin signs in by a link, connects a device, and revokes it; a supervisor sees one site alone.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use serde_json::json;

use crate::axe;
use crate::device::{DESKTOP, Device, PHONE};
use crate::report::Report;
use crate::server::Server;

const PASSWORD: &str = "correct horse battery";
const SIZES: [(&str, (u32, u32)); 3] =
    [("handheld", (360, 640)), ("desktop", DESKTOP), ("office", (1440, 900))];

/// Sets a password by a link, and waits for the list of sites.
async fn enter(desk: &Device, link: &str) -> Result<()> {
    desk.driver().goto(link).await?;
    desk.find("password-page").await?;
    desk.fill("#new-password", PASSWORD).await?;
    desk.fill("#again", PASSWORD).await?;
    desk.click("set-password").await?;
    desk.find("sites-page").await.map(drop)
}

/// Opens the page of a site at this address.
async fn open(desk: &Device, path: &str, page: &str) -> Result<()> {
    desk.open(path).await?;
    desk.find(page).await?;
    desk.wait_for_script("the list", "return document.querySelector('.skeleton') === null").await
}

async fn desk(server: &Server) -> Result<Device> {
    let desk = Device::new(&server.origin()).await?;
    desk.resize(DESKTOP).await?;
    Ok(desk)
}

#[tokio::test]
async fn an_admin_connects_a_device_and_revokes_it() -> Result<()> {
    let server = Server::with_demo()?;
    let desk = desk(&server).await?;
    enter(&desk, &server.office_link()?).await?;
    let address = desk.script("return location.href").await?;
    ensure!(
        address == format!("{}/office", server.origin()),
        "the secret is gone from the address: {address}"
    );
    desk.wait_for_text("row", "main").await?;
    desk.click_css("[data-test=sites] a").await?;
    desk.find("devices-page").await?;
    desk.wait_for_text("empty", "No device is connected").await?;
    desk.click("connect").await?;
    desk.fill("#device-name", "Dock 3").await?;
    desk.click("dialog-go").await?;
    desk.find("qr").await?;
    let (link, code) = (desk.text("connect-link").await?, desk.text("connect-code").await?);
    ensure!(link.contains(&code) && link.starts_with(&server.origin()), "{link} with {code}");

    let phone = Device::new(&server.origin()).await?;
    phone.resize(PHONE).await?;
    phone.enrol_by(&link).await?;
    desk.click("connect-done").await?;
    desk.wait_for_text("devices", "Dock 3").await?;
    desk.click("revoke").await?;
    desk.wait_for_text("confirm", "Revoke Dock 3?").await?;
    desk.click("dialog-go").await?;
    desk.wait_for_text("empty", "No device is connected").await?;
    let refused = "const answer = await fetch('/api/device'); return answer.status === 401";
    phone.wait_for_script("the refusal of the device", refused).await?;

    desk.open("/office/sites/main/log").await?;
    for act in ["Made a link for a device", "Revoked a device"] {
        desk.wait_for_text("log", act).await?;
    }
    desk.click("sign-out").await?;
    desk.find("sign-in-page").await?;
    desk.fill("#login", "admin").await?;
    desk.fill("#password", "wrong horse battery").await?;
    desk.click("sign-in").await?;
    desk.wait_for_text("fault", "The login name or the password is wrong.").await?;
    desk.fill("#password", PASSWORD).await?;
    desk.click("sign-in").await?;
    desk.find("log-page").await.map(drop)
}

#[tokio::test]
async fn a_supervisor_of_one_site_sees_nothing_of_another() -> Result<()> {
    let server = Server::with_demo()?;
    server.add_demo_site("north")?;
    let desk = desk(&server).await?;
    enter(&desk, &server.account_link("ben", "supervisor", "north")?).await?;
    desk.wait_for_text("sites", "north").await?;
    ensure!(!desk.text("sites").await?.contains("main"), "it sees another site");
    open(&desk, "/office/sites/north/devices", "devices-page").await?;
    desk.find("connect").await?;
    let ways = desk.script("return document.querySelector('main nav').innerText").await?;
    ensure!(
        ways == "Devices\nPeople\nTransfers\nSettings",
        "a supervisor has no keys, webhooks or log: {ways}"
    );
    open(&desk, "/office/sites/north/people", "people-page").await?;
    ensure!(desk.count("add-person").await? == 0, "a supervisor sees people, and changes none");
    open(&desk, "/office/sites/main/devices", "devices-page").await?;
    desk.wait_for_text("load-fault", "Your role doesn't allow this.").await?;
    ensure!(desk.count("connect").await? == 0, "no button without a role");
    Ok(())
}

#[tokio::test]
async fn people_settings_and_sites_are_changed_on_the_page() -> Result<()> {
    let server = Server::with_demo()?;
    let desk = desk(&server).await?;
    enter(&desk, &server.office_link()?).await?;
    desk.click("add-site").await?;
    desk.fill("#site-name", "North!").await?;
    desk.click("dialog-go").await?;
    desk.wait_for_text("fault", "small letters, digits and hyphens").await?;
    desk.fill("#site-name", "north").await?;
    desk.click("dialog-go").await?;
    desk.wait_for_text("sites", "north").await?;
    open(&desk, "/office/sites/main/people", "people-page").await?;
    desk.find("empty").await?;
    desk.click("add-person").await?;
    desk.fill("#person-name", "Ada Lovelace").await?;
    desk.fill("#person-badge", "B-7").await?;
    desk.fill("#person-pin", "12").await?;
    desk.click("dialog-go").await?;
    desk.wait_for_text("fault", "4 to 12 digits").await?;
    desk.fill("#person-pin", "2468").await?;
    desk.click("dialog-go").await?;
    desk.wait_for_text("people", "Badge and PIN").await?;
    open(&desk, "/office/sites/main/settings", "settings-page").await?;
    desk.click("change-setting").await?;
    desk.fill("#setting-value", "5").await?;
    desk.click("dialog-go").await?;
    desk.wait_for_text("lock_minutes", "5").await?;
    open(&desk, "/office/sites/main/log", "log-page").await?;
    for act in ["Added a person", "Changed a setting"] {
        desk.wait_for_text("log", act).await?;
    }
    Ok(())
}

#[tokio::test]
async fn handhelds_do_not_load_the_office() -> Result<()> {
    let server = Server::with_demo()?;
    let phone = Device::enrolled(&server).await?;
    let cached = "const names = await caches.keys(); const all = [];
        for (const name of names) all.push(...(await (await caches.open(name)).keys()).map((it) => new URL(it.url).pathname));
        return all.length > 5 && !all.some((path) => path.startsWith('/office'))";
    phone.wait_for_script("caches without the office", cached).await?;
    // The worker lets the address pass.
    phone.open("/office").await?;
    phone.find("sign-in-page").await?;
    Ok(())
}

#[tokio::test]
async fn every_page_of_the_office_is_accessible_and_fits() -> Result<()> {
    let server = Server::with_demo()?;
    let phone = Device::new(&server.origin()).await?;
    phone.driver().goto(&server.enrolment_link_for("Forklift with a rather long name 12")?).await?;
    phone.click("enrol-submit").await?;
    let desk = desk(&server).await?;
    let mut report = Report::default();
    let link = server.office_link()?;
    desk.driver().goto(&link).await?;
    desk.find("password-page").await?;
    look(&desk, &mut report, "password").await?;
    enter(&desk, &link).await?;
    for (name, path, page) in [
        ("sites", "/office", "sites-page"),
        ("devices", "/office/sites/main/devices", "devices-page"),
        ("keys", "/office/sites/main/keys", "keys-page"),
        ("webhooks", "/office/sites/main/webhooks", "webhooks-page"),
        ("people", "/office/sites/main/people", "people-page"),
        ("settings", "/office/sites/main/settings", "settings-page"),
        ("transfers", "/office/sites/main/transfers", "transfers-page"),
        ("log", "/office/sites/main/log", "log-page"),
        ("company-log", "/office/log", "log-page"),
        ("accounts", "/office/accounts", "accounts-page"),
        ("sessions", "/office/sessions", "sessions-page"),
        ("nothing", "/office/elsewhere", "empty"),
    ] {
        open(&desk, path, page).await?;
        look(&desk, &mut report, name).await?;
        let open = match name {
            "devices" => Some("connect"),
            "keys" => Some("add-key"),
            "webhooks" => Some("add-webhook"),
            "accounts" => Some("add-account"),
            "people" => Some("add-person"),
            "settings" => Some("change-setting"),
            "sites" => Some("add-site"),
            _ => None,
        };
        if let Some(button) = open {
            desk.click(button).await?;
            look(&desk, &mut report, &format!("{name}-dialog")).await?;
        }
        if name == "devices" {
            desk.click("dialog-go").await?;
            desk.find("qr").await?;
            look(&desk, &mut report, "link").await?;
        }
    }
    desk.click("sign-out").await?;
    desk.find("sign-in-page").await?;
    look(&desk, &mut report, "sign-in").await?;
    report.end()
}

/// Looks at a state in three sizes and two themes, and leaves pictures in `target/screens/`.
async fn look(desk: &Device, report: &mut Report, state: &str) -> Result<()> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/screens"));
    report.begin(state);
    axe::prepare(desk).await?;
    for (size, pixels) in SIZES {
        desk.resize(pixels).await?;
        for theme in ["light", "dark"] {
            desk.script(&format!("document.documentElement.dataset.theme = {}", json!(theme))).await?;
            let is_still = "return document.getAnimations().every((it) => it.playState !== 'running')";
            desk.wait_for_script("a page that does not move", is_still).await?;
            let name = format!("office-{state}-{size}-{theme}");
            desk.screenshot_to(&folder, &name).await?;
            let rules = if theme == "light" { axe::RULES } else { axe::COLOURS };
            axe::check(desk, report, &format!("{size}, {theme}"), rules).await?;
        }
        let wide = "const wide = [...document.querySelectorAll('body, .office-main, dialog')]
                .filter((it) => it.scrollWidth > it.clientWidth + 1).map((it) => `${it.tagName} is ${it.scrollWidth} wide`);
            const small = [...document.querySelectorAll('a, button, input')].filter((it) => it.checkVisibility())
                .map((it) => [it, (it.closest('label') ?? it).getBoundingClientRect()]).filter(([, box]) => box.height < 47.5)
                .map(([it, box]) => `${it.outerHTML.slice(0, 80)} is ${box.height} high`);
            return { faults: [...wide, ...small], seen: document.querySelectorAll('*').length }";
        report.check(desk, &format!("room, {size}"), wide).await?;
    }
    desk.resize(DESKTOP).await
}
