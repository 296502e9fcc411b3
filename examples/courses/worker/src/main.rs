//! The example's service worker: the app's files offline, and the queue sent with no page open.

fn main() {
    sw::run::<courses::Courses>(sw::Shell::new(&courses::NAMES));
}
