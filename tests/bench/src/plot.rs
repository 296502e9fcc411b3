//! Draws a report as a small SVG bar plot for light and dark pages.
//!
//! The scale is logarithmic if the largest bar is far longer than the smallest; the title then says so.

use std::fmt::Write as _;

use crate::report::{LOTBOOK, Report, shown};

const WIDTH: f64 = 720.0;
const LEFT: f64 = 130.0;
const RIGHT: f64 = 110.0;
const TOP: f64 = 44.0;
const ROW: f64 = 30.0;
const BAR: f64 = 18.0;
/// Ratio of largest to smallest value above which the smallest bar would not be visible on a linear scale.
const MAX_LINEAR_SPREAD: f64 = 12.0;
/// Colours that are distinct with red-green colour blindness and have enough contrast on white and on black.
const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#57606a}.peer{fill:#8c959f}.own{fill:#0a7ea4}\
.tail{stroke:#57606a;stroke-width:1.5}@media(prefers-color-scheme:dark){text{fill:#c9d1d9}.peer{fill:#6e7681}\
.own{fill:#39b6e0}.tail{stroke:#c9d1d9}}";

/// Renders the plot: a bar up to the median of every subject, extended by a line to the 95th percentile.
pub(crate) fn svg(report: &Report) -> String {
    let subjects = report.ordered();
    let values =
        || subjects.iter().flat_map(|(_, figure)| [figure.median, figure.p95]).filter(|value| *value > 0.0);
    let (least, most) = (values().fold(f64::MAX, f64::min), values().fold(0.0, f64::max));
    let is_log = most > least * MAX_LINEAR_SPREAD;
    let space = WIDTH - LEFT - RIGHT;
    let floor = least / 2.0;
    let length = |value: f64| match value {
        _ if most <= 0.0 || value <= 0.0 => 0.0,
        _ if is_log => space * (value / floor).ln() / (most / floor).ln(),
        _ => space * value / most,
    };
    let height = subjects.iter().fold(TOP, |height, _| height + ROW) + 8.0;
    let scale = if is_log { ", logarithmic" } else { "" };
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\"><style>{STYLE}</style>\n\
         <text x=\"8\" y=\"24\" font-weight=\"600\">{}: median and 95th percentile ({}{scale})</text>\n",
        report.name(),
        report.unit()
    );
    let mut top = TOP;
    for (name, figure) in subjects {
        let class = if name == LOTBOOK { "own" } else { "peer" };
        let (bar, tail, middle, text) =
            (length(figure.median), LEFT + length(figure.p95), top + BAR / 2.0, top + 14.0);
        // Writing to a string cannot fail.
        let _ = writeln!(
            svg,
            "<text x=\"{:.0}\" y=\"{text:.0}\" text-anchor=\"end\">{name}</text>\
             <rect class=\"{class}\" x=\"{LEFT}\" y=\"{top}\" width=\"{bar:.1}\" height=\"{BAR}\"/>\
             <line class=\"tail\" x1=\"{:.1}\" x2=\"{tail:.1}\" y1=\"{middle}\" y2=\"{middle}\"/>\
             <text x=\"{:.1}\" y=\"{text:.0}\">{}</text>",
            LEFT - 8.0,
            LEFT + bar,
            tail + 6.0,
            shown(figure.median)
        );
        top += ROW;
    }
    svg + "</svg>\n"
}
