//! PostgreSQL and PgBouncer, which tests start themselves (`tests/postgres`), and nginx, which one of them puts in front of two
//! servers.

use crate::apt::{can_install, install};
use crate::tools::Tools;
use anyhow::{Result, ensure};
use std::path::Path;

const PACKAGES: [&str; 2] = ["postgresql-15", "pgbouncer"];
/// A folder of each version that is installed.
const VERSIONS: &str = "/usr/lib/postgresql";
const PGBOUNCER: &str = "/usr/sbin/pgbouncer";
/// Any of the packages of nginx will do; this one is the smallest.
const NGINX_PACKAGE: &str = "nginx-light";
const NGINX: &str = "/usr/sbin/nginx";

/// Makes sure that both are installed.
///
/// # Errors
/// When one is missing and cannot be installed.
pub(crate) fn ensure_postgres(tools: &Tools<'_>) -> Result<()> {
    let is_there = || Path::new(VERSIONS).is_dir() && Path::new(PGBOUNCER).is_file();
    if !is_there() && can_install(tools) {
        println!("PostgreSQL or PgBouncer is not installed; installing them with apt-get, once.");
        install(tools, &PACKAGES)?;
    }
    ensure!(
        is_there(),
        "the tests on PostgreSQL need it with PgBouncer. On Debian or Ubuntu: `sudo apt-get install {}`",
        PACKAGES.join(" ")
    );
    Ok(())
}

/// Makes sure that nginx is installed. It need not run: the test starts one of its own.
///
/// # Errors
/// When it is missing and cannot be installed.
pub(crate) fn ensure_nginx(tools: &Tools<'_>) -> Result<()> {
    let is_there = || Path::new(NGINX).is_file();
    if !is_there() && can_install(tools) {
        println!("nginx is not installed; installing it with apt-get, once.");
        install(tools, &[NGINX_PACKAGE])?;
    }
    ensure!(
        is_there(),
        "the test of two servers behind a proxy needs nginx. On Debian or Ubuntu: `sudo apt-get install {NGINX_PACKAGE}`"
    );
    Ok(())
}
