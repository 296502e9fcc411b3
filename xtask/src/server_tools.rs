//! The programs that the server's tests run: openssl for certificates, curl for the commands of the page for operators, and
//! nginx in front of two servers.

use crate::apt::{can_install, install};
use crate::tools::Tools;
use anyhow::{Result, ensure};
use std::path::Path;

/// Each is a package of Debian and Ubuntu, too.
const NEEDED: [&str; 2] = ["openssl", "curl"];
/// Where its package puts it; it is not on the PATH of everybody.
const NGINX: &str = "/usr/sbin/nginx";

/// Makes sure that they are installed. Without nginx, which would begin to serve where it is installed, the drill of two
/// servers does without a proxy.
///
/// # Errors
/// When one is missing and cannot be installed.
pub(crate) fn ensure_server_tools(tools: &Tools<'_>) -> Result<()> {
    let missing = || NEEDED.into_iter().filter(|name| tools.find(name).is_none()).collect::<Vec<_>>();
    let (absent, can_install) = (missing(), can_install(tools));
    if !absent.is_empty() && can_install {
        println!("The server's tests need {}; installing with apt-get, once.", absent.join(" and "));
        install(tools, &absent)?;
    }
    ensure!(
        missing().is_empty(),
        "the server's tests need openssl and curl. On Debian or Ubuntu: `sudo apt-get install {}`",
        NEEDED.join(" ")
    );
    if !Path::new(NGINX).is_file() {
        println!(
            "nginx is not installed: the drill of two servers does without a proxy in front of them. On Debian or Ubuntu: \
             `sudo apt-get install nginx`."
        );
    }
    Ok(())
}
