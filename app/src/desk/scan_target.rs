//! A page's handler of scans.

use yew::prelude::*;

use super::scanner::{Found, ScanTarget};
use super::use_desk::use_scans;

/// Registers this page's handler of scans while it is shown. Until a page that is still loading registers
/// one, scans wait.
#[hook]
pub(crate) fn use_scan_target(target: impl Into<Option<ScanTarget>>) {
    let scans = use_scans();
    use_effect_with((scans, target.into()), |(scans, target)| {
        let (scans, target) = (scans.clone(), target.clone());
        if let Some(target) = &target {
            scans.listen(target.clone());
        }
        move || {
            if let Some(target) = &target {
                scans.unlisten(target);
            }
        }
    });
}

/// Render on a page that ignores scans although its route usually handles them; otherwise queued scans would
/// wait for a target.
#[component]
pub(crate) fn HearsNoScans() -> Html {
    let on_scan = use_callback((), |_: Found, ()| false);
    use_scan_target(ScanTarget { on_scan });
    Html::default()
}
