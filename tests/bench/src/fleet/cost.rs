//! What 10,000 devices cost, from the figures of a run: the model of docs/scale.md.

use super::pulls::Pulls;

/// Devices at work at the same time, and how many of them are at one site.
const DEVICES: f64 = 10_000.0;
const DEVICES_A_SITE: f64 = 50.0;
/// Times in a minute that a device sends something, and mutations each time.
const SENDS_A_MINUTE: f64 = 1.0;
const MUTATIONS_A_SEND: f64 = 3.0;
/// Hours of work in a day.
const HOURS_A_DAY: f64 = 8.0;
const SECONDS_A_MINUTE: f64 = 60.0;
const SECONDS_AN_HOUR: f64 = 3_600.0;
const MICROS_A_SECOND: f64 = 1e6;
const BYTES_A_GB: f64 = 1e9;

/// The figures of a run that the model needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figures {
    pub(super) send_cpu_micros: f64,
    /// Bytes of a round that sends, both ways.
    pub(super) send_bytes: f64,
    pub(super) pulls: Pulls,
    pub(super) database_bytes_a_mutation: f64,
    /// The servers' memory at most.
    pub(super) server_mb: f64,
    pub(super) devices: f64,
}

/// Each figure of the model, with its unit.
pub(super) fn of(figures: &Figures) -> [(&'static str, &'static str, f64); 7] {
    let sends = DEVICES * SENDS_A_MINUTE / SECONDS_A_MINUTE;
    // Each device hears of what each other one of its site sends.
    let pulls = sends * (DEVICES_A_SITE - 1.0);
    let day = HOURS_A_DAY * SECONDS_AN_HOUR;
    let traffic = sends * figures.send_bytes + pulls * figures.pulls.bytes;
    [
        ("sends", "requests/s", sends),
        ("pulls", "requests/s", pulls),
        ("cpu_of_sends", "cores", sends * figures.send_cpu_micros / MICROS_A_SECOND),
        ("cpu_of_pulls", "cores", pulls * figures.pulls.server_cpu_micros / MICROS_A_SECOND),
        ("memory", "MB", figures.server_mb * DEVICES / figures.devices),
        (
            "database",
            "GB/day",
            sends * MUTATIONS_A_SEND * day * figures.database_bytes_a_mutation / BYTES_A_GB,
        ),
        ("traffic", "GB/day", traffic * day / BYTES_A_GB),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_is_the_one_of_the_page() {
        let pulls = Pulls { server_cpu_micros: 300.0, bytes: 600.0, rounds_a_second: 1.0 };
        let figures = Figures {
            send_cpu_micros: 1_200.0,
            send_bytes: 3_000.0,
            pulls,
            database_bytes_a_mutation: 500.0,
            server_mb: 50.0,
            devices: 1_000.0,
        };
        let rounded = of(&figures).map(|(name, _, figure)| (name, (figure * 100.0).round() / 100.0));
        assert_eq!(
            rounded,
            [
                ("sends", 166.67),
                ("pulls", 8_166.67),
                ("cpu_of_sends", 0.2),
                ("cpu_of_pulls", 2.45),
                ("memory", 500.0),
                ("database", 7.2),
                ("traffic", 155.52),
            ]
        );
    }
}
