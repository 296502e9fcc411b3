//! A bar chart, with the same numbers as a table for screen readers and for exact values.

use yew::prelude::*;

use super::chip::Tone;

/// Maximum number of grid lines, without the base line.
const MAX_GRID_LINES: i64 = 4;
/// The plot's height in percent of the drawing.
const PLOT_PERCENT: f64 = 84.0;
/// The width of a bar as a fraction of its slot.
const BAR_PART: f64 = 0.64;
/// Minimum height of a bar with a value other than zero.
const LEAST_BAR_PERCENT: f64 = 0.8;

/// One bar.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bar {
    /// The label below it.
    pub(crate) label: String,
    /// The name in the table.
    pub(crate) name: String,
    pub(crate) value: i64,
    /// The value in words.
    pub(crate) words: String,
    pub(crate) tone: Tone,
}

/// The bars with their axis.
pub(crate) struct BarPlot<'a> {
    pub(crate) title: &'a str,
    /// The table's headings.
    pub(crate) heads: (&'a str, &'a str),
    pub(crate) bars: &'a [Bar],
    /// Formats a value for the axis in few characters.
    pub(crate) short: &'a dyn Fn(i64) -> String,
}

/// The position of a bar, in percent.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Placed {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

/// The step between two grid lines: 1, 2 or 5 times a power of ten, so that `top` is reached with a few
/// lines.
fn grid_step(top: i64) -> i64 {
    let mut step = 1_i64;
    for factor in [2, 5, 10].into_iter().cycle() {
        if step.saturating_mul(MAX_GRID_LINES) >= top {
            return step;
        }
        // 1, 2, 5, 10: each from the preceding power of ten.
        step = match factor {
            2 => step.saturating_mul(2),
            5 => (step / 2).saturating_mul(5),
            _ => step.saturating_mul(2),
        };
    }
    step
}

/// The values of the grid lines, from the bottom up.
fn grid(top: i64) -> Vec<i64> {
    let step = grid_step(top.max(1));
    let lines = top.max(1).saturating_add(step - 1) / step;
    (0..=lines).map(|line| step.saturating_mul(line)).collect()
}

#[expect(clippy::cast_precision_loss, reason = "pixels, not money")]
fn part_of(value: i64, top: i64) -> f64 {
    value.max(0) as f64 / top.max(1) as f64
}

#[expect(clippy::cast_precision_loss, reason = "a few bars")]
fn placed(at: usize, of: usize, value: i64, top: i64) -> Placed {
    let room = 100.0 / of.max(1) as f64;
    let width = room * BAR_PART;
    let least = if value > 0 { LEAST_BAR_PERCENT } else { 0.0 };
    let height = (part_of(value, top) * PLOT_PERCENT).max(least);
    Placed { x: room * at as f64 + (room - width) / 2.0, y: PLOT_PERCENT - height, width, height }
}

/// With three decimals. Formatting a float would add kilobytes to the first screen's code.
#[expect(clippy::cast_possible_truncation, reason = "between 0 and 100")]
fn percent(length: f64) -> String {
    let thousandths = (length * 1_000.0).round() as i64;
    format!("{}.{:03}%", thousandths / 1_000, thousandths % 1_000)
}

impl BarPlot<'_> {
    /// Renders it.
    pub(crate) fn view(&self) -> Html {
        let top = self.bars.iter().map(|bar| bar.value).max().unwrap_or(0);
        let lines = grid(top);
        let top = lines.last().copied().unwrap_or(1);
        let count = self.bars.len();
        html! {
            <figure class="plot" data-test="plot">
                <figcaption class="visually-hidden">{ self.title.to_owned() }</figcaption>
                <svg class="plot-drawing" aria-hidden="true" focusable="false" translate="no">
                    { for lines.iter().map(|value| self.line(*value, top)) }
                    { for self.bars.iter().enumerate().map(|(at, bar)| drawn(bar, placed(at, count, bar.value, top), at)) }
                </svg>
                { self.table() }
            </figure>
        }
    }

    fn line(&self, value: i64, top: i64) -> Html {
        let y = PLOT_PERCENT * (1.0 - part_of(value, top));
        let words = if value == 0 { String::new() } else { (self.short)(value) };
        html! {
            <g class={if value == 0 { "plot-ground" } else { "plot-line" }}>
                <line x1="0" x2="100%" y1={percent(y)} y2={percent(y)} />
                <text class="plot-value" x="-8" y={percent(y)} dy="0.35em">{ words }</text>
            </g>
        }
    }

    fn table(&self) -> Html {
        let (name, value) = self.heads;
        html! {
            <details class="plot-table">
                <summary>{ self.title.to_owned() }</summary>
                <table class="comparison">
                    <thead><tr><th scope="col">{ name.to_owned() }</th><th scope="col">{ value.to_owned() }</th></tr></thead>
                    <tbody>
                        { for self.bars.iter().map(|bar| html! {
                            <tr><th scope="row">{ &bar.name }</th><td translate="no">{ &bar.words }</td></tr>
                        }) }
                    </tbody>
                </table>
            </details>
        }
    }
}

fn drawn(bar: &Bar, place: Placed, at: usize) -> Html {
    let Placed { x, y, width, height } = place;
    // On narrow screens, the style sheet hides some of the labels.
    let nth = match at % 4 {
        0 => "plot-label",
        2 => "plot-label is-second",
        _ => "plot-label is-odd",
    };
    html! {
        <g class={classes!("plot-bar", bar.tone.class())}>
            <rect x={percent(x)} y={percent(y)} width={percent(width)} height={percent(height)} rx="2">
                <title>{ format!("{}: {}", bar.name, bar.words) }</title>
            </rect>
            <text class={nth} x={percent(x + width / 2.0)} y={percent(PLOT_PERCENT)} dy="1.4em">{ &bar.label }</text>
        </g>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_has_a_few_round_lines_and_reaches_the_highest_bar() {
        assert_eq!(grid(0), [0, 1]);
        assert_eq!(grid(3), [0, 1, 2, 3]);
        assert_eq!(grid(5), [0, 2, 4, 6]);
        assert_eq!(grid(160_180), [0, 50_000, 100_000, 150_000, 200_000]);
        for top in (1..2_000).chain([999_999, 1_000_001, 987_654_321_012]) {
            let lines = grid(top);
            assert!((2..=5).contains(&lines.len()), "{top}: {lines:?}");
            assert!(lines.last().is_some_and(|last| *last >= top), "{top}: {lines:?}");
            let step = lines[1];
            let leading = step / 10_i64.pow(step.ilog10());
            assert!(
                [1, 2, 5].contains(&leading) && step == leading * 10_i64.pow(step.ilog10()),
                "{top}: {step}"
            );
        }
        assert!(grid(i64::MAX).len() >= 2);
    }

    #[test]
    fn bars_stand_side_by_side_on_the_ground() {
        let bars: Vec<Placed> =
            [0, 1, 50, 100].iter().enumerate().map(|(at, value)| placed(at, 4, *value, 100)).collect();
        for bar in &bars {
            assert!((bar.y + bar.height - PLOT_PERCENT).abs() < 1e-9);
        }
        assert!(bars.windows(2).all(|pair| pair[0].x + pair[0].width < pair[1].x));
        assert!(bars[3].x + bars[3].width < 100.0 && bars[0].x > 0.0);
        assert!((bars[3].height - PLOT_PERCENT).abs() < 1e-9);
        assert!(bars[0].height == 0.0 && bars[1].height >= LEAST_BAR_PERCENT);
        assert!((bars[2].height * 2.0 - bars[3].height).abs() < 1e-9);
        assert!(placed(0, 4, -5, 100).height == 0.0, "less than nothing is no bar");
    }
}
