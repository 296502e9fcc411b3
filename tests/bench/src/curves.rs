//! Draws curves, from zero to 100 percent over time, as a small SVG line plot for light and dark pages.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::report::{Curve, LOTBOOK, shown};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 190.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 36.0;
/// Height of a line of the legend.
const LEGEND: f64 = 22.0;
const PERCENT: f64 = 100.0;
/// Dashes tell the lines apart where colours do not.
const DASHES: [&str; 4] = ["", "7 3", "2 3", "9 3 2 3"];
/// The own colour, and one for all others.
const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#57606a}polyline{fill:none;stroke-width:2;stroke:#57606a}\
.own{stroke:#0a7ea4}line{stroke:#d0d7de}@media(prefers-color-scheme:dark){text{fill:#c9d1d9}polyline{stroke:#c9d1d9}\
.own{stroke:#39b6e0}line{stroke:#30363d}}";

/// Renders the plot: a line for each subject, named beside it with the time of its end.
pub(crate) fn svg(name: &str, curves: &BTreeMap<String, Curve>) -> String {
    let ends = curves.values().filter_map(|curve| curve.last());
    let longest = ends.map(|(seconds, _)| *seconds).fold(0.0, f64::max);
    let (width, height) = (WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM);
    let across = |seconds: f64| if longest > 0.0 { LEFT + width * seconds / longest } else { LEFT };
    let down = |percent: f64| TOP + height * (1.0 - percent / PERCENT);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\"><style>{STYLE}</style>\n\
         <text x=\"8\" y=\"24\" font-weight=\"600\">{name}: devices that are done, by seconds</text>\n"
    );
    for percent in [0.0, 50.0, PERCENT] {
        let y = down(percent);
        // Writing to a string cannot fail.
        let _ = writeln!(
            svg,
            "<line x1=\"{LEFT}\" x2=\"{:.0}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
             <text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{percent:.0} %</text>",
            LEFT + width,
            LEFT - 6.0,
            y + 4.0
        );
    }
    for share in [0.0, 0.5, 1.0] {
        let seconds = longest * share;
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.0}\" text-anchor=\"middle\">{} s</text>",
            across(seconds),
            HEIGHT - BOTTOM + 20.0,
            shown(seconds)
        );
    }
    let mut legend = TOP + 4.0;
    for ((subject, curve), dashes) in curves.iter().zip(DASHES.iter().cycle()) {
        let class = if subject == LOTBOOK { "own" } else { "peer" };
        let points: Vec<String> = (curve.iter())
            .map(|(seconds, percent)| format!("{:.1},{:.1}", across(*seconds), down(*percent)))
            .collect();
        let x = LEFT + width + 12.0;
        let _ = writeln!(
            svg,
            "<polyline class=\"{class}\" stroke-dasharray=\"{dashes}\" points=\"{}\"/>\
             <polyline class=\"{class}\" stroke-dasharray=\"{dashes}\" points=\"{x:.0},{legend:.0} {:.0},{legend:.0}\"/>\
             <text x=\"{:.0}\" y=\"{:.0}\">{subject}</text>",
            points.join(" "),
            x + 24.0,
            x + 30.0,
            legend + 4.0
        );
        legend += LEGEND;
    }
    svg + "</svg>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_curve_ends_at_its_time_on_a_common_scale() {
        let curve = |seconds: f64| vec![(0.0, 0.0), (seconds / 2.0, 50.0), (seconds, PERCENT)];
        let curves = [(LOTBOOK.to_owned(), curve(10.0)), ("peer".to_owned(), curve(20.0))].into();
        let svg = svg("fleet", &curves);
        assert!(svg.contains("points=\"52.0,284.0 171.5,164.0 291.0,44.0\""), "{svg}");
        assert!(svg.contains("points=\"52.0,284.0 291.0,164.0 530.0,44.0\""), "{svg}");
        assert!(svg.contains(">20.0 s<") && svg.contains(">lotbook<"), "{svg}");
    }
}
