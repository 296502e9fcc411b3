//! Selects one of the codes in the picture, and the moment at which it counts. Pure: times come with the
//! frames.

/// A code is not accepted twice within this time: the camera still sees it.
const BLANKING_MILLIS: u64 = 1_500;

/// A code in a frame.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sighting {
    /// The code in a scanner's format.
    pub(super) scan: String,
    /// Distance from the middle of the frame in pixels.
    pub(super) offset: f64,
    /// Whether the symbology has error correction, as matrix codes do. A line code may be misread, but hardly
    /// twice in the same way.
    pub(super) is_sure: bool,
}

/// State over the frames so far.
#[derive(Debug, Default)]
pub(super) struct Choice {
    /// A line code that was read once.
    candidate: Option<String>,
    taken: Option<(String, u64)>,
}

impl Choice {
    /// Starts a new look; the last accepted code stays blanked.
    pub(super) fn begin(&mut self) {
        self.candidate = None;
    }

    /// The code to accept after a frame, if there is one.
    pub(super) fn take(&mut self, seen: Vec<Sighting>, now_millis: u64) -> Option<String> {
        let nearest = seen.into_iter().min_by(|one, other| one.offset.total_cmp(&other.offset))?;
        let is_fresh = |(taken, at): &(String, u64)| {
            *taken == nearest.scan && now_millis.saturating_sub(*at) < BLANKING_MILLIS
        };
        if self.taken.as_ref().is_some_and(is_fresh) {
            return None;
        }
        let is_confirmed = self.candidate.replace(nearest.scan.clone()).as_ref() == Some(&nearest.scan);
        (nearest.is_sure || is_confirmed).then(|| {
            self.candidate = None;
            self.taken = Some((nearest.scan.clone(), now_millis));
            nearest.scan
        })
    }
}

/// Whether a scan with its AIM identifier is of a matrix code.
pub(super) fn is_matrix(scan: &str) -> bool {
    scan.starts_with("]d") || scan.starts_with("]Q")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(scan: &str, offset: f64) -> Sighting {
        Sighting { scan: scan.to_owned(), offset, is_sure: false }
    }

    fn matrix(scan: &str, offset: f64) -> Sighting {
        Sighting { is_sure: true, ..line(scan, offset) }
    }

    #[test]
    fn a_matrix_code_counts_at_once_and_a_line_code_after_two_frames() {
        let mut choice = Choice::default();
        assert_eq!(choice.take(vec![matrix("]d2A", 5.0)], 0), Some("]d2A".to_owned()));
        assert_eq!(choice.take(vec![line("]E0A", 5.0)], 100), None);
        assert_eq!(choice.take(vec![line("]E0B", 5.0)], 200), None, "another, so one of them is wrong");
        assert_eq!(choice.take(Vec::new(), 300), None);
        assert_eq!(choice.take(vec![line("]E0B", 5.0)], 400), Some("]E0B".to_owned()));
    }

    #[test]
    fn the_nearest_to_the_middle_counts() {
        let seen = vec![matrix("]d2far", 200.0), matrix("]d2near", 20.0), matrix("]d2middling", 90.0)];
        assert_eq!(Choice::default().take(seen, 0), Some("]d2near".to_owned()));
    }

    #[test]
    fn the_same_code_is_not_accepted_twice_at_once() {
        let mut choice = Choice::default();
        assert!(choice.take(vec![matrix("]d2A", 0.0)], 1_000).is_some());
        choice.begin();
        assert_eq!(choice.take(vec![matrix("]d2A", 0.0)], 2_499), None);
        assert!(choice.take(vec![matrix("]d2B", 0.0)], 2_499).is_some(), "another is");
        let mut choice = Choice::default();
        assert!(choice.take(vec![matrix("]d2A", 0.0)], 1_000).is_some());
        assert!(choice.take(vec![matrix("]d2A", 0.0)], 2_500).is_some());
    }

    #[test]
    fn a_line_code_has_to_be_read_twice_within_one_look() {
        let mut choice = Choice::default();
        assert_eq!(choice.take(vec![line("]E0A", 0.0)], 0), None);
        choice.begin();
        assert_eq!(choice.take(vec![line("]E0A", 0.0)], 10_000), None);
    }

    #[test]
    fn matrix_codes_are_recognised_by_their_identifier() {
        assert!(is_matrix("]d2010762") && is_matrix("]Q1https://example.com"));
        assert!(!is_matrix("]E07622210449283") && !is_matrix("]C1010762"));
    }
}
