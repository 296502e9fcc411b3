//! What a page does with scans while it is shown.

use yew::prelude::*;

use super::scanner::{Found, ScanTarget};
use super::use_desk::use_scans;

/// Gives scans to this page while it is shown. They wait for a page that has no target yet, because it is still being read.
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

/// Stands on a page that has nothing for scans to do, where pages at such an address mostly have: none waits for it.
#[component]
pub(crate) fn HearsNoScans() -> Html {
    let on_scan = use_callback((), |_: Found, ()| false);
    use_scan_target(ScanTarget { on_scan });
    Html::default()
}
