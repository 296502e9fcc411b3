//! The files under `deploy/`: what they name exists, and the server takes their settings.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use saphyr::{LoadableYamlNode as _, Yaml};
use tempfile::TempDir;

use crate::text;
use crate::tls::certificate;

fn file(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy")).join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(file(name)).expect("a file of deploy/")
}

/// The names in a sequence, or the keys of a mapping: compose takes both.
fn names<'y>(of: Option<&'y Yaml<'y>>) -> Vec<&'y str> {
    let Some(of) = of else { return Vec::new() };
    let keys = of.as_mapping().map(|map| map.keys().filter_map(|key| key.as_str()).collect());
    let items = || of.as_sequence().map(|items| items.iter().filter_map(|item| item.as_str()).collect());
    keys.or_else(items).unwrap_or_default()
}

/// A field of a service, its own or the merged one.
fn field<'y>(service: &'y Yaml<'y>, name: &str) -> Option<&'y Yaml<'y>> {
    let own = service.as_mapping_get(name);
    own.or_else(|| service.as_mapping_get("<<")?.as_mapping_get(name))
}

fn services<'y>(compose: &'y Yaml<'y>) -> BTreeMap<&'y str, &'y Yaml<'y>> {
    let services = compose.as_mapping_get("services").and_then(Yaml::as_mapping).expect("services");
    services.iter().map(|(name, service)| (name.as_str().expect("a name"), service)).collect()
}

#[test]
fn the_compose_file_names_only_what_there_is() {
    let source = read("compose.yaml");
    let documents = Yaml::load_from_str(&source).expect("YAML");
    let [compose] = &documents[..] else { panic!("{} documents", documents.len()) };
    let services = services(compose);
    assert_eq!(
        services.keys().copied().collect::<Vec<_>>(),
        ["pgbouncer", "postgres", "proxy", "server-a", "server-b"]
    );
    let (networks, volumes) =
        (names(compose.as_mapping_get("networks")), names(compose.as_mapping_get("volumes")));
    for (name, service) in &services {
        assert!(
            field(service, "image").and_then(Yaml::as_str).is_some_and(|image| !image.ends_with(":latest")),
            "{name}"
        );
        for other in names(field(service, "depends_on")) {
            assert!(services.contains_key(other), "{name} depends on {other}");
        }
        for network in names(field(service, "networks")) {
            assert!(networks.contains(&network), "{name} is in {network}");
        }
        for mount in names(field(service, "volumes")) {
            let from = mount.split(':').next().unwrap_or_default();
            // The certificate is the operator's.
            let is_there = volumes.contains(&from) || from == "./tls" || file(from).exists();
            assert!(is_there, "{name} mounts {from}");
        }
        let ports = names(field(service, "ports"));
        assert_eq!(ports.is_empty(), *name != "proxy", "{name} is open to strangers at {ports:?}");
    }
    for (name, pool) in [("POOL_MODE", "transaction"), ("LISTEN_PORT", "6432")] {
        let environment = field(services["pgbouncer"], "environment").expect("an environment");
        assert_eq!(environment.as_mapping_get(name).and_then(Yaml::as_str), Some(pool));
    }
    let context = field(services["server-a"], "build").expect("a build");
    assert_eq!(context.as_mapping_get("dockerfile").and_then(Yaml::as_str), Some("deploy/Containerfile"));
    // A secret has no default.
    assert!(!source.contains(":-"), "a secret has a default");
    for variable in source.split("${").skip(1) {
        assert!(variable.starts_with("LOTBOOK_DB_PASSWORD:?"), "{variable}");
    }
}

#[test]
fn the_server_takes_the_variables_of_the_compose_file_and_the_image() {
    let source = read("compose.yaml");
    let documents = Yaml::load_from_str(&source).expect("YAML");
    let services = services(&documents[0]);
    let environment =
        field(services["server-b"], "environment").and_then(Yaml::as_mapping).expect("variables");
    let variables: BTreeMap<String, String> = environment
        .iter()
        .map(|(name, value)| {
            let value = value
                .as_str()
                .expect("text")
                .replace("${LOTBOOK_DB_PASSWORD:?choose a password for the database}", "secret");
            (name.as_str().expect("a name").to_owned(), value)
        })
        .collect();
    let image = read("Containerfile");
    let set = image.split("ENV ").nth(1).and_then(|rest| rest.split("\nEXPOSE").next()).expect("variables");
    let set: BTreeMap<String, String> = set
        .split_whitespace()
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .filter(|(name, _)| name != "LOTBOOK_DIST")
        .collect();
    assert!(variables.len() >= 5 && set.len() >= 3, "{variables:?} {set:?}");
    let mut alone = Command::new(env!("CARGO_BIN_EXE_lotbook-server"));
    let alone =
        alone.args(["check-config", "--database", "stock.db"]).envs(&set).output().expect("the binary runs");
    assert!(alone.status.success(), "the image's own: {}", text(&alone.stderr));
    let mut check = Command::new(env!("CARGO_BIN_EXE_lotbook-server"));
    let said = check.arg("check-config").envs(&set).envs(&variables).output().expect("the binary runs");
    let lines = text(&said.stdout);
    assert!(said.status.success(), "{}", text(&said.stderr));
    assert!(lines.contains("database = pgbouncer:6432/lotbook (environment)"), "{lines}");
    for name in set.keys().chain(variables.keys()) {
        let known = name.strip_prefix("LOTBOOK_").expect("ours").to_lowercase().replace('_', "-");
        // Several networks are one variable.
        let known = known.replace("trusted-proxies", "trusted-proxy");
        assert!(
            lines
                .lines()
                .any(|line| line.starts_with(&format!("{known} = ")) && line.ends_with("(environment)")),
            "{name} is no setting"
        );
    }
}

#[test]
fn the_image_runs_as_nobody_in_particular_and_tells_its_health() {
    let image = read("Containerfile");
    let user = image.lines().filter_map(|line| line.strip_prefix("USER ")).next_back().expect("a user");
    assert!(user.split(':').all(|id| id.parse::<u32>().is_ok_and(|id| id > 0)), "{user}");
    assert!(
        image.matches("\nFROM ").count() + usize::from(image.starts_with("FROM ")) >= 2,
        "the tools are in the image"
    );
    assert!(image.contains("HEALTHCHECK") && image.contains("/readyz"));
}

#[test]
fn the_example_settings_are_taken() {
    let dir = TempDir::new().expect("a folder");
    let path = dir.path().to_str().expect("a path");
    certificate(&dir.path().join("server.crt"), &dir.path().join("server.key"));
    fs::copy(dir.path().join("server.crt"), dir.path().join("company-ca.pem")).expect("an authority");
    fs::write(dir.path().join("index.html"), "").expect("a page");
    let mut settings = read("lotbook.toml");
    for folder in ["/var/lib/lotbook", "/usr/share/lotbook", "/etc/lotbook", "/var/backups/lotbook"] {
        assert!(settings.contains(folder));
        settings = settings.replace(folder, path);
    }
    // What is commented out is taken as well.
    let all = settings.lines().map(|line| match line.strip_prefix("# ") {
        Some(setting) if setting.contains(" = ") && !setting.contains("listen") => setting,
        _ => line,
    });
    let all: String = all.map(|line| format!("{line}\n")).collect();
    for settings in [settings, all] {
        let file = dir.path().join("lotbook.toml");
        fs::write(&file, settings).expect("a file");
        let mut check = Command::new(env!("CARGO_BIN_EXE_lotbook-server"));
        let said = check.arg("check-config").arg("--config").arg(&file).output().expect("the binary runs");
        assert!(said.status.success(), "{}", text(&said.stderr));
    }
}

/// With `systemd-analyze`, where that is installed.
#[test]
fn the_unit_is_understood_by_systemd() {
    let dir = TempDir::new().expect("a folder");
    let unit = dir.path().join("lotbook.service");
    let source = read("lotbook.service");
    let binary = env!("CARGO_BIN_EXE_lotbook-server");
    assert!(source.contains("User=lotbook") && source.contains("ExecReload=/bin/kill -HUP $MAINPID"));
    fs::write(&unit, source.replace("/usr/local/bin/lotbook-server", binary)).expect("a file");
    let Ok(said) = Command::new("systemd-analyze").arg("verify").arg(&unit).output() else { return };
    let errors = text(&said.stderr);
    let ours: Vec<&str> = errors.lines().filter(|line| line.contains("lotbook.service")).collect();
    assert!(ours.is_empty(), "{errors}");
}
